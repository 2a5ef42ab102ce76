"""The stream processor: the only place that knows Kafka, faust, HTTP and files."""
