"""How to recognise trouble: an activity and a state in, a score out. Pure; imports schemas only."""
