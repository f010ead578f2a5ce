"""Other places than this machine's DuckDB where candidates are made and scored."""
