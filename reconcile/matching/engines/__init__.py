"""Where candidates are made and scored: DuckDB on one machine, Apache Spark on many."""
