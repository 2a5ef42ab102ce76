"""Who is who while the pipeline runs: the operator's file, the topic, links that were learned."""
