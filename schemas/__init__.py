"""What travels on topics: activities, signals, findings and the parsers of vendors' records.

This package knows no Kafka, no faust and no detector.
"""
