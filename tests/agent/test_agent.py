"""The network, and agents as they are loaded."""

from pathlib import Path

import pytest
import torch

from diffpaint import load_renderer
from diffpaint.constraints import constrain
from diffpaint_agent import Agent, load_agent
from diffpaint_agent.agent import act
from diffpaint_agent.error import fine
from diffpaint_agent.weights import constraints_of, described
from diffpaint_constraints import Connected, Levels, Limit, Palette


def test_strokes_are_actions_and_follow_the_picture(rand):
    torch.manual_seed(0)
    agent = Agent(size=20, strokes=5, actions=12, channels=4, hidden=8)
    pictures = rand(3, 3, 20, 20).requires_grad_()
    actions = agent(pictures)
    assert actions.shape == (3, 5, 12)
    assert actions.min() >= 0
    assert actions.max() <= 1
    (slope,) = torch.autograd.grad(actions[0].sum(), pictures)
    assert slope[0].abs().sum() > 0
    assert slope[1:].abs().sum() == 0  # each picture alone
    assert torch.allclose(agent(pictures[1:2]), actions[1:2], atol=1e-6)
    assert not torch.allclose(actions[:, 0], actions[:, 1])


def test_the_recurrence_is_an_lstm_that_sees_picture_and_action(rand):
    """What the agent computes once for all strokes changes nothing against the plain cell."""
    torch.manual_seed(0)
    agent = Agent(size=8, strokes=3, actions=12, channels=4, hidden=8)
    pictures = rand(2, 3, 8, 8)
    seen, action, state = agent.encoder(1 - pictures), torch.full((2, 12), 0.5), (torch.zeros(2, 8), torch.zeros(2, 8))
    plain = []
    for _ in range(3):
        state = agent.recurrent(torch.cat([seen, action], 1), state)
        action = agent.action(state[0]).sigmoid()
        plain.append(action)
    assert torch.allclose(agent(pictures), torch.stack(plain, 1), atol=1e-6)


def test_later_strokes_know_the_earlier_ones(rand):
    """The action before is part of what a stroke is emitted from."""
    torch.manual_seed(0)
    agent = Agent(size=8, strokes=2, actions=12, channels=4, hidden=8)
    picture = rand(1, 3, 8, 8)
    last = agent(picture)[:, 1].sum()
    slope = torch.autograd.grad(last, agent.recurrent.weight_ih)[0][:, 8:]
    assert slope.abs().max() > 0


def test_a_glance_shows_what_lies_around_the_points_of_a_stroke():
    """On a map whose two channels are the places of its pixels, a glimpse reads the points themselves."""
    agent = Agent(size=20, strokes=1, actions=12, channels=2, hidden=8, points=[(6, 7), (10, 11)])
    ramp = (torch.arange(10) + 0.5) / 10
    fine = torch.stack(torch.meshgrid(ramp, ramp, indexing="xy"))[None].expand(2, -1, -1, -1)
    action = torch.rand(2, 12, generator=torch.Generator().manual_seed(0)) * 0.6 + 0.2
    shown = agent._glimpse(fine, action).unflatten(1, (2, 2, 3, 3))  # (B, channel, point, down, across)
    for point, columns in enumerate(([6, 7], [10, 11])):
        assert torch.allclose(shown[:, :, point, 1, 1], action[:, columns], atol=1e-6)
        around = shown[:, :, point] - action[:, columns, None, None]
        apart = torch.tensor([-0.1, 0.0, 0.1])  # a pixel of the map
        assert torch.allclose(around[:, 0], apart.expand(2, 3, 3), atol=1e-6)
        assert torch.allclose(around[:, 1], apart[:, None].expand(2, 3, 3), atol=1e-6)


def test_strokes_are_corrected_by_glances(rand):
    """An agent that begins to learn proposes as one that does not glimpse; its glimpses then learn too."""
    sizes = {"size": 8, "strokes": 2, "actions": 12, "channels": 4, "hidden": 8}
    torch.manual_seed(0)
    plain, glancing = Agent(**sizes), Agent(**sizes, points=[(6, 7)])
    glancing.load_state_dict(plain.state_dict(), strict=False)
    pictures = rand(3, 3, 8, 8)
    assert torch.allclose(plain(pictures), glancing(pictures))
    glancing(pictures).sum().backward()
    correction = glancing.correct[-1]
    assert correction.weight.grad.abs().max() > 0
    with torch.no_grad():
        correction.weight.add_(0.1)
    assert not torch.allclose(plain(pictures), glancing(pictures), atol=1e-3)


def test_a_query_is_what_a_stroke_is_where_nothing_is_seen(rand):
    """Strokes differ from the first step on; without what was seen and remembered, a stroke is its query alone."""
    torch.manual_seed(0)
    sizes = {"size": 8, "strokes": 4, "actions": 12, "channels": 4, "hidden": 8}
    agent, plain = Agent(**sizes, queries=True), Agent(**sizes)
    pictures = rand(2, 3, 8, 8)
    assert agent(pictures).std(1).mean() > 5 * plain(pictures).std(1).mean()
    with torch.no_grad():
        agent.action.weight.zero_()
        agent.action.bias.zero_()
    assert torch.allclose(agent(pictures), agent.unseen.sigmoid().expand(2, 4, 12), atol=1e-6)
    agent(pictures).sum().backward()
    assert agent.unseen.grad.abs().min() > 0


def test_an_agent_looks_at_its_canvas_after_so_many_strokes(rand):
    """It is shown what it painted by then, of the rules' making, and what comes later depends on it."""
    torch.manual_seed(0)
    agent = Agent(size=20, strokes=5, actions=12, channels=4, hidden=8, look_every=2, queries=True)
    painter, rules, pictures = load_renderer("neural-splat", size=(20, 20)), [Palette([(0, 0, 0)])], rand(2, 3, 20, 20)
    seen = []
    looked = agent._look
    agent._look = lambda pictures, canvas: (seen.append(canvas), looked(pictures, canvas))[1]
    actions = act(agent, pictures, painter, rules)
    frames = [torch.ones_like(pictures), *painter.frames(actions)]
    assert len(seen) == 3
    for canvas, after in zip(seen, (0, 2, 4), strict=True):
        assert torch.allclose(canvas, frames[after], atol=1e-5)
    blank = agent(pictures, lambda actions, canvas: canvas)
    assert torch.equal(constrain(blank, rules, painter)[:, :2], actions[:, :2])
    assert not torch.allclose(constrain(blank, rules, painter)[:, 2:], actions[:, 2:])
    with pytest.raises(ValueError, match="looks at its canvas after every 2 strokes"):
        agent(pictures)


def test_an_agent_that_looks_paints_the_same_at_any_size(untrained, rand):
    trained = load_agent(untrained(look_every=1, queries=True))
    pictures = rand(2, 3, 12, 12)
    assert torch.equal(trained.act(pictures, trained.painter(40)), trained.act(pictures, trained.painter(12)))


def test_detail_is_what_is_finer_than_a_seventh_of_the_side():
    """A slow ramp is none of it, a line of a pixel nearly all; and its error is added to the squared error."""
    ramp = torch.linspace(0, 1, 28).expand(1, 3, 28, 28)
    line = torch.zeros(1, 3, 28, 28)
    line[..., 14] = 1
    assert fine(ramp)[..., 3:-3].abs().max() < 1e-6
    assert fine(line)[..., 14].min() == pytest.approx(0.8)  # of 5 px, one is the line's
    assert torch.equal(fine(torch.full((1, 3, 5, 5), 0.3)), torch.zeros(1, 3, 5, 5))


def test_points_that_an_action_does_not_have_are_refused():
    with pytest.raises(ValueError, match=r"columns of an action, which has 12, got \[\(6, 12\)\]"):
        Agent(size=8, strokes=2, actions=12, points=[(6, 12)])
    with pytest.raises(ValueError, match="size must be at least 2, got 1"):
        Agent(size=1, strokes=2, actions=12)
    with pytest.raises(ValueError, match="look_every must be at least 0, got -1"):
        Agent(size=8, strokes=2, actions=12, look_every=-1)


def test_pictures_of_another_shape_are_refused():
    agent = Agent(size=8, strokes=2, actions=12, channels=4, hidden=8)
    with pytest.raises(ValueError, match=r"looks at pictures \(batch, 3, 8, 8\), got \(1, 3, 9, 8\)"):
        agent(torch.ones(1, 3, 9, 8))


def test_an_agent_keeps_its_rules_through_a_painter_of_any_size(untrained, rand):
    trained = load_agent(untrained())
    pictures = rand(2, 3, 12, 12)
    small, large = (trained.painter(size) for size in (12, 40))
    actions = trained.act(pictures, small)
    assert torch.equal(trained.act(pictures, large), actions)
    for constraint in (Palette([(0, 0, 0)]), Connected()):
        assert constraint.holds(actions, small)
    assert large(actions).shape == (2, 3, 40, 40)
    assert not actions.requires_grad


def test_rules_are_written_and_read_again():
    rules = [Palette([(0, 0, 0.5)]), Levels("size", 3), Limit("size", 0, 0.3), Connected()]
    assert constraints_of(described(rules)) == rules
    painter = load_renderer("neural-splat", size=(8, 8))
    actions = torch.rand(1, 4, 12)
    assert torch.equal(
        constrain(actions, constraints_of(described(rules)), painter), constrain(actions, rules, painter)
    )


def test_an_unknown_agent_is_refused_with_those_that_there_are(untrained, tmp_path):
    with pytest.raises(ValueError, match=r"no agent 'nobody'; there is .*'diffpaint agent train'"):
        load_agent("nobody")
    with pytest.raises(ValueError, match=r"no file of weights .*gone\.safetensors"):
        load_agent(str(tmp_path / "gone.safetensors"))


def test_damaged_weights_are_refused(untrained, tmp_path):
    path = tmp_path / "short.safetensors"
    whole = Path(untrained())
    path.write_bytes(whole.read_bytes()[:-10])
    with pytest.raises(ValueError, match="is damaged, or no weights of an agent"):
        load_agent(str(path))
    from diffpaint_neural.weights import shipped_path

    with pytest.raises(ValueError, match=r"no weights of an agent .*its header: "):
        load_agent(str(shipped_path("splat", "classic/dry_brush")))


@pytest.mark.parametrize("rule", [{"rule": "load_renderer"}, {"rule": "Fix"}, {"rule": "nothing"}])
def test_rules_that_are_none_are_refused(rule):
    with pytest.raises(TypeError):
        constraints_of([rule])
