"""`devspm demo`: the main job at once, on a broker and a worker of its own."""
