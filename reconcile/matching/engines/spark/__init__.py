"""Matching on Apache Spark: the same definition, the same result bit for bit, for sizes where one machine ends.

Records are cleaned and pairs are scored in mapInArrow by the same functions as on one machine; keys, joins, counts and
the competition between candidates are Spark SQL; weights are learned on the driver from the counted patterns. The
driver holds the vocabulary, a sample and the candidates worth keeping, never all pairs.
"""
