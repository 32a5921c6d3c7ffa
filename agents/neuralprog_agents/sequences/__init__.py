"""What agents share that read an instance and write its answer: texts, training, the policy."""
