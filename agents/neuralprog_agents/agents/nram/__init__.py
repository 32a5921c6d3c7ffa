"""The Neural Random-Access Machine: soft model, compiled training, discretisation."""
