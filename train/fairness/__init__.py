"""What is said of people, by group: does it differ, and by more than it may? train-model audit."""
