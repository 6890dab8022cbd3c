from .load import NetworkChoice as NetworkChoice
from .load import choose_network as choose_network
from .load import load_network as load_network

__all__: list[str]
