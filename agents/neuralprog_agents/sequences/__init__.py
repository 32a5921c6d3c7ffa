"""What agents share that read an instance and say its answer: texts, training, the policy."""
