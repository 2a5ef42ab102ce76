"""Apache Kafka as one local node: pinned jars and their configuration."""
