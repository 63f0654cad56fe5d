from .compositing import over as over
from .constraints import Constraint as Constraint
from .expression import (
    load_constraint as load_constraint,
)
from .expression import (
    load_initializer as load_initializer,
)
from .expression import (
    load_objective as load_objective,
)
from .expression import (
    load_renderer as load_renderer,
)
from .expression import (
    load_strategy as load_strategy,
)
from .initializer import Initializer as Initializer
from .io.images import read_image as read_image
from .objective import Objective as Objective
from .objective import Pixel as Pixel
from .optimize import NotFiniteError as NotFiniteError
from .optimize import paint as paint
from .painting import Painting as Painting
from .painting import Writer as Writer
from .param import param_f as param_f
from .registry import PluginError as PluginError
from .renderer import Moment as Moment
from .renderer import Renderer as Renderer
from .renderer import StrokeRenderer as StrokeRenderer
from .strategy import Strategy as Strategy

__version__: str
