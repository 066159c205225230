"""The exercise: a training federation on this machine, with tasks for officers and a score from what they did."""
