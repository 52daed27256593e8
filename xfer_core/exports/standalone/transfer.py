"""Script parts of sequential transfer: for most methods the phases alone suffice."""

from __future__ import annotations

from xfer_core.exports.standalone.method import StandaloneMethod

PHASES_ONLY = StandaloneMethod()
"""For strategies that differ only in phases, frozen parts, rates and λ."""

L2_SP = StandaloneMethod(
    setup="start = {}  # the stages after the source phase",
    terms='''
def loss_terms(batches):
    """The losses on the labels; on the target also the distance from the start, and the size of the head."""
    terms = task_losses(batches, look(batches))
    if start:
        stages = net.stages.named_parameters()
        terms["start"] = sum((weight - start[name]).square().sum() for name, weight in stages) / 2
        terms["head"] = sum(weight.square().sum() for weight in net.heads.parameters()) / 2
    return terms
''',
    before={"target": "start = {name: weight.detach().clone() for name, weight in net.stages.named_parameters()}"},
)

DISTILLATION = StandaloneMethod(
    constants=("temperature",),
    setup="teacher = None  # the network after the source phase",
    terms='''
def loss_terms(batches):
    """The losses on the labels; on the target also T² · KL between the teacher's outputs and the student's."""
    views = look(batches)
    terms = task_losses(batches, views)
    if teacher is not None:
        lessons = []
        for domain in TARGETS:
            with torch.no_grad():
                wanted = teacher(batches[f"{domain}/unlabelled"].images)
            for task, outputs in views[f"{domain}/unlabelled"].outputs.items():
                theirs = F.log_softmax(wanted[task] / TEMPERATURE, 1)
                own = F.log_softmax(outputs / TEMPERATURE, 1)
                lessons.append(TEMPERATURE**2 * (theirs.exp() * (theirs - own)).sum(1).mean())
        terms["teacher"] = torch.stack(lessons).mean()
    return terms
''',
    before={"target": "teacher = copy.deepcopy(net).eval().requires_grad_(False)"},
)
