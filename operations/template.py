"""Reads what the checks before a deployment need from the template: parameters, conditions, reserved concurrency."""

from pathlib import Path

import yaml

PROPERTY = "ReservedConcurrentExecutions"


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` becomes `{"Ref": x}`, `!If […]` becomes `{"Fn::If": […]}`."""


def short_form(loader: Loader, suffix: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)


class Template:
    """A template with the values that its parameters are to have."""

    def __init__(self, text: str, overrides: dict[str, str]):
        self.body = yaml.load(text, Loader)  # noqa: S506 - a SafeLoader
        defaults = {name: str(one.get("Default", "")) for name, one in self.body["Parameters"].items()}
        self.parameters = defaults | overrides

    @classmethod
    def read(cls, file: Path, overrides: dict[str, str]) -> "Template":
        return cls(file.read_text(), overrides)

    def holds(self, condition) -> bool:
        """Whether a condition holds, by name or as an expression of parameters."""
        if isinstance(condition, str):
            return self.holds(self.body["Conditions"][condition])
        ((function, value),) = condition.items()
        if function == "Condition":
            return self.holds(value)
        if function == "Fn::Not":
            return not self.holds(value[0])
        if function == "Fn::And":
            return all(map(self.holds, value))
        if function == "Fn::Or":
            return any(map(self.holds, value))
        if function == "Fn::Equals":
            return self.value(value[0]) == self.value(value[1])
        raise ValueError(f"unknown function in a condition: {function}")

    def value(self, expression) -> str | None:
        """A literal, a parameter or an `!If` of them; None for a property that is left out."""
        if not isinstance(expression, dict):
            return str(expression)
        ((function, value),) = expression.items()
        if function == "Ref":
            return None if value == "AWS::NoValue" else self.parameters[value]
        if function == "Fn::If":
            return self.value(value[1] if self.holds(value[0]) else value[2])
        raise ValueError(f"unknown function in a value: {function}")

    def reserved_concurrency(self) -> int:
        """How much concurrency the functions reserve together."""
        properties = [resource.get("Properties", {}) for resource in self.body["Resources"].values()]
        values = [self.value(one[PROPERTY]) for one in properties if PROPERTY in one]
        return sum(int(value) for value in values if value is not None)
