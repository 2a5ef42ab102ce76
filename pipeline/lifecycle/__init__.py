"""Whether the stored state still fits the topics it was made from, and what to do if not."""
