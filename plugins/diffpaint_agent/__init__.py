"""The agent: a recurrent network that paints pictures in one pass, trained adversarially through a neural painter."""

from .agent import Agent
from .pictures import Pictures, open_pictures
from .start import AgentStart
from .weights import TrainedAgent, load_agent, shipped_agents

__all__ = ["Agent", "AgentStart", "Pictures", "TrainedAgent", "load_agent", "open_pictures", "shipped_agents"]
