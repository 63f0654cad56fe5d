"""The agent: a recurrent network that paints pictures in one pass, trained adversarially through a neural painter."""

from .agent import Agent
from .initializer import AgentInitializer
from .pictures import Pictures, open_pictures
from .weights import TrainedAgent, load_agent, shipped_agents

__all__ = ["Agent", "AgentInitializer", "Pictures", "TrainedAgent", "load_agent", "open_pictures", "shipped_agents"]
