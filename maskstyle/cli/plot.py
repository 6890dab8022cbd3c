"""Old home of the loss plot."""

from maskstyle.cli.progress import save_loss_plot as save_loss_plot
