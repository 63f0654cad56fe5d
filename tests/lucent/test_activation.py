import pytest
import torch
from lucent.optvis import objectives

from diffpaint import Moment
from diffpaint.renderer import at
from diffpaint_lucent import Activation, Model, load_model
from diffpaint_lucent.transforms import noisy


@pytest.fixture(scope="module")
def lite():
    return load_model("efficientnet-lite0")


@pytest.fixture(scope="module")
def canvas():
    return torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))


def still(goal, models, **options):
    """One view, as it is."""
    return Activation(goal, models, views=1, jitter=0, scale=0, rotate=0, **options)


def small(seed=0, classes=5):
    torch.manual_seed(seed)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(4, classes),
    )  # fmt: skip
    return Model(f"small{seed}", network, size=24)


def test_a_class_is_its_log_probability_or_its_logit(lite, canvas):
    logits = lite.network(lite.normalise(canvas))
    torch.testing.assert_close(still("labels:388", [lite])(canvas), -logits.log_softmax(1)[:, 388].mean())
    torch.testing.assert_close(still("labels:388", [lite], labels="logit")(canvas), -logits[:, 388].mean())


def test_a_channel_is_what_lucent_says(lite, canvas):
    seen = {}
    lite.network.get_submodule("_blocks.4").register_forward_hook(lambda *given: seen.update(out=given[2]))
    lite.network(lite.normalise(canvas))
    torch.testing.assert_close(still("_blocks_4:3", [lite])(canvas), -seen["out"][:, 3].mean())


def test_expressions_of_lucent_are_read_layer_by_layer(lite, canvas):
    goal = objectives.channel("_blocks_4", 3) - 0.5 * objectives.diversity("_blocks_2")
    alone = [
        still(part, [lite])(canvas) for part in (objectives.channel("_blocks_4", 3), objectives.diversity("_blocks_2"))
    ]
    torch.testing.assert_close(still(goal, [lite])(canvas), alone[0] - 0.5 * alone[1])


def test_a_batch_item_can_be_named_in_every_view(lite, canvas):
    goal = Activation(objectives.channel("_blocks_0", 1, batch=1), [lite], views=3, jitter=0, scale=0, rotate=0)
    torch.testing.assert_close(goal(canvas), still("_blocks_0:1", [lite])(canvas[1:]))


def test_an_ensemble_is_the_mean_each_at_its_own_size_and_normalisation():
    first, second = small(0), Model("other", small(1).network, (0.5,) * 3, (2.0,) * 3, size=32)
    canvas = torch.rand(1, 3, 40, 40, generator=torch.Generator().manual_seed(0))
    scores = [still("labels:2", [model])(canvas) for model in (first, second)]
    assert scores[0] != scores[1]
    torch.testing.assert_close(still("labels:2", [first, second])(canvas), (scores[0] + scores[1]) / 2)


def test_views_differ_and_are_averaged():
    model, canvas = small(), torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    many = Activation("labels:0", [model], views=64)(canvas)
    torch.manual_seed(0)
    singles = torch.stack([Activation("labels:0", [model], views=1)(canvas) for _ in range(64)])
    assert singles.std() > 0
    torch.testing.assert_close(many, singles.mean())


def test_views_are_seen_under_noise_that_falls():
    """Each under its own, of which the variance is half the largest in the mean; none once it is gone."""
    torch.manual_seed(0)
    seen = noisy(torch.full((400, 3, 8, 8), 0.5), 0.4)
    assert seen.std().item() == pytest.approx(0.4 * 0.5**0.5, rel=0.1)
    each = seen.flatten(1).std(1)
    assert each.min() < 0.1
    assert 0.35 < each.max() < 0.5
    goal, canvas = still("labels:0", [small()], noise=0.5), torch.full((1, 3, 24, 24), 0.5)
    spread = []
    for step in (0, 5, 10):
        with at(Moment(step, 10), goal):
            spread.append(torch.stack([goal(canvas) for _ in range(16)]).std().item())
    assert spread[0] > spread[1] > 1e-3
    assert spread[2] < 1e-6


@pytest.mark.parametrize(
    ("goal", "models", "options", "said"),
    [
        ("labels:388", [], {}, "an ensemble needs at least one model"),
        ("labels:388", " , ", {}, "an ensemble needs at least one model"),
        ("labels:388", "efficientnet-lite7", {}, "no model 'efficientnet-lite7'"),
        ("_block_4:3", "efficientnet-lite0", {}, "no layer '_block_4'; did you mean _blocks_4"),
        ("labels", "efficientnet-lite0", {}, "no layer:channel"),
        ("labels:-1", "efficientnet-lite0", {}, "no layer:channel"),
        ("labels:1000", "efficientnet-lite0", {}, "labels has 1000 channels"),
        ("labels:1", "efficientnet-lite0", {"labels": "odds"}, "'log-probability' or 'logit', got 'odds'"),
        ("labels:1", "efficientnet-lite0", {"views": 0}, "views must be at least 1, got 0"),
        ("labels:1", "efficientnet-lite0", {"jitter": -1}, "jitter, scale and rotate"),
        ("labels:1", "efficientnet-lite0", {"noise": float("nan")}, "noise is finite and from 0, got nan"),
        (lambda read: 3.0, "efficientnet-lite0", {}, "wanted a scalar tensor"),
        (lambda read: read("_blocks_0"), "efficientnet-lite0", {}, "wanted a scalar tensor"),
        (3, "efficientnet-lite0", {}, "got 3"),
    ],
)
def test_mistakes_are_found_when_it_is_made(goal, models, options, said):
    with pytest.raises(ValueError, match=said):
        Activation(goal, models, **options)


def test_networks_on_different_devices_are_refused():
    elsewhere = small(1)
    elsewhere.network.to("meta")
    with pytest.raises(ValueError, match=r"different devices: small0 on cpu, small1 on meta"):
        Activation("labels:1", [small(0), elsewhere])


def test_a_goal_on_another_device_is_explained():
    direction = torch.zeros(5, device="meta")
    with pytest.raises(ValueError, match="holds a tensor on another device than the canvas, which is on cpu"):
        Activation(lambda read: (read("labels") * direction).sum(), [small()])
