"""Rows of a table, and points, which are rows of two numbers: imputed, scaled and encoded by scikit-learn."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from xfer_core.errors import XferError
from xfer_core.modalities.base import Encoder, InputSpec
from xfer_core.modalities.sampler import RowSampler

if TYPE_CHECKING:
    import pandas as pd
    from sklearn.compose import ColumnTransformer

SIDE = 64  # pixels of a row's picture
REACH = 2.5  # standard deviations from the middle to the edge of a picture
INK, PAPER, AXIS = 235, 24, 70  # shades of grey
OVERVIEW = 240  # pixels per side of all points in one picture


DOT = tuple((down, aside) for down in range(-2, 3) for aside in range(-2, 3) if abs(down) + abs(aside) < 4)


def _pixels(prepared: Tensor, middle: int) -> Tensor:
    """Standard deviations as pixels from the middle of a picture, int64; what lies too far out is at its edge."""
    return (prepared.clamp(-REACH, REACH) / REACH * (middle - 3)).round().long()


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: unique in its table.
        categories: the names of its values; none for a column of numbers.
        unit: of the numbers, such as ``mm``.
    """

    name: str
    categories: tuple[str, ...] = ()
    unit: str = ""

    @property
    def title(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class TableInput(InputSpec):
    """A row: float32, one number per column; of a column of categories the index, and NaN for a missing value.

    A prepared row has each number with mean 0 and standard deviation 1 over the training inputs of all domains, a
    missing one replaced by the median; then for each column of categories one 0 or 1 per category, a missing one
    replaced by the most frequent. Domains with different columns share the union of them.

    Attributes:
        columns: at least one.
    """

    modality = "table"
    dtype = torch.float32
    attribution = "integrated_gradients"
    is_fitted = True
    plural = "rows"

    columns: tuple[Column, ...]

    @property
    def numeric(self) -> tuple[Column, ...]:
        """The columns of numbers."""
        return tuple(column for column in self.columns if not column.categories)

    @property
    def categorical(self) -> tuple[Column, ...]:
        """The columns of categories."""
        return tuple(column for column in self.columns if column.categories)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the numbers of a prepared row, such as ``age`` and ``sex=female``."""
        encoded = (f"{column.name}={value}" for column in self.categorical for value in column.categories)
        return (*(column.name for column in self.numeric), *encoded)

    @property
    def is_planar(self) -> bool:
        """Whether a row is a point in the plane: two numbers."""
        return len(self.columns) == 2 and not self.categorical

    @property
    def shape(self) -> tuple[int]:
        return (len(self.features),)

    @property
    def raw_shape(self) -> tuple[int]:
        return (len(self.columns),)

    @classmethod
    def common(cls, specs: Sequence[Any]) -> Self:
        """The union of the columns; categories of the same name are the same category.

        Raises:
            XferError: ``column_kind``, for a column of numbers in one domain and of categories in another.
        """
        merged: dict[str, Column] = {}
        for column in (column for spec in specs for column in spec.columns):
            known = merged.setdefault(column.name, column)
            if bool(known.categories) != bool(column.categories):
                raise XferError("column_kind", "problem", column.name)
            categories = tuple(dict.fromkeys((*known.categories, *column.categories)))
            merged[column.name] = Column(column.name, categories, known.unit)
        return cls(tuple(merged.values()))

    def align(self, own: Self, inputs: Tensor) -> np.ndarray:
        """Raw rows with the columns of ``own`` to these columns, missing where ``own`` lacks one: float64 (N, columns).

        Args:
            own: its columns are among these.
            inputs: float32 (N, columns of ``own``).
        """
        rows = np.full((len(inputs), len(self.columns)), np.nan)
        places = {column.name: place for place, column in enumerate(self.columns)}
        for source, column in enumerate(own.columns):
            values, place = inputs[:, source].double().numpy(), places[column.name]
            if column.categories:
                numbers = np.array([self.columns[place].categories.index(value) for value in column.categories])
                present = ~np.isnan(values)
                rows[present, place] = numbers[values[present].astype(np.int64)]
            else:
                rows[:, place] = values
        return rows

    def fit(self, training: Iterable[tuple[Any, Tensor]]) -> TableEncoder:
        """The encoder of these training inputs.

        Raises:
            XferError: ``missing_column`` or ``constant_column``: nothing can be learnt from it.
        """
        rows = np.concatenate([self.align(own, inputs) for own, inputs in training])
        for column, values in zip(self.columns, rows.T, strict=True):
            present = values[~np.isnan(values)]
            if not len(present):
                raise XferError("missing_column", "problem", column.name)
            if present.min() == present.max():
                shown = column.categories[int(present[0])] if column.categories else float(present[0])
                raise XferError("constant_column", "problem", column.name, content=shown)
        return TableEncoder(self, rows)

    def to_float(self, prepared: Tensor, device: torch.device) -> Tensor:
        return prepared.to(device)

    def sampler(
        self,
        prepared: Tensor,
        labels: dict[str, Tensor],
        augment: Iterable[str],
        generator: torch.Generator,
        device: torch.device,
    ) -> RowSampler:
        return RowSampler(prepared, labels, generator, device)

    def descriptors(self, prepared: Tensor) -> Tensor:
        return prepared

    def pictures(self, prepared: Tensor) -> Tensor:
        """Each point in the plane as a dot between two axes; any other row as a bar per feature, up for values above
        the mean and down for those below: uint8 (N, 1, 64, 64 or the number of features)."""
        middle = SIDE // 2
        heights = _pixels(prepared, middle)  # (N, F)
        wide = SIDE if self.is_planar else SIDE // len(self.features) * len(self.features) or len(self.features)
        sheet = torch.full((len(prepared), 1, SIDE, wide), PAPER, dtype=torch.uint8)
        sheet[:, :, middle] = AXIS
        if self.is_planar:
            sheet[..., middle] = AXIS
            up, right = middle - heights[:, 1], middle + heights[:, 0]
            for down, aside in DOT:
                sheet[torch.arange(len(prepared)), 0, up + down, right + aside] = INK
            return sheet
        rows = middle - torch.arange(SIDE)[:, None]  # height above the axis
        values = heights[:, None].repeat_interleave(wide // len(self.features), 2)  # (N, 1, width)
        filled = ((rows > 0) & (rows <= values)) | ((rows < 0) & (rows >= values))
        sheet[:, 0][filled] = INK
        return sheet

    def overview(self, prepared: Tensor, labels: Tensor) -> np.ndarray | None:
        """Points in the plane; None for rows of more than two numbers."""
        if not self.is_planar:
            return None
        from matplotlib import colormaps

        if labels.is_floating_point():
            shades = colormaps["viridis"](((labels - labels.min()) / (labels.max() - labels.min())).numpy())
        else:
            shades = colormaps["tab10"]((labels % 10).numpy())
        colours, middle = (255 * shades).astype(np.uint8), OVERVIEW // 2  # (N, 4)
        places = _pixels(prepared, middle).numpy()
        sheet = np.zeros((OVERVIEW, OVERVIEW, 4), np.uint8)
        for down, aside in DOT:
            sheet[middle - places[:, 1] + down, middle + places[:, 0] + aside] = colours
        return sheet

    def describe(self) -> dict[str, Any]:
        columns = [{"name": c.name, "categories": c.categories, "unit": c.unit} for c in self.columns]
        return {"layout": "NF", "shape": self.raw_shape, "type": "float32", "missing": "NaN", "columns": columns}

    def sentence(self) -> str:
        return (
            f"Rows of {len(self.features)} numbers: {', '.join(self.features)}. Numbers have mean 0 and standard "
            "deviation 1 over the training inputs, a missing one is the median; a category is 1 where it holds, else 0."
        )


@dataclass(frozen=True, eq=False)
class TableEncoder(Encoder):
    """Imputes, scales and encodes rows.

    Attributes:
        spec: of the prepared rows.
        rows: of the training inputs, raw, float64 (N, columns).
    """

    spec: TableInput
    rows: np.ndarray

    @cached_property
    def fitted(self) -> ColumnTransformer:
        """The fitted pipelines of scikit-learn, ``numeric`` and ``categorical``."""
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        columns = self.spec.columns
        numeric = [place for place, column in enumerate(columns) if not column.categories]
        categorical = [place for place, column in enumerate(columns) if column.categories]
        known = [np.arange(len(columns[place].categories)) for place in categorical]
        scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
        encoded = make_pipeline(
            SimpleImputer(strategy="most_frequent"),
            OneHotEncoder(categories=known, sparse_output=False),  # pyright: ignore[reportArgumentType]
        )
        both = [("numeric", scaled, numeric), ("categorical", encoded, categorical)]
        return ColumnTransformer([part for part in both if part[2]]).fit(self.rows)

    def __call__(self, own: Any, inputs: Tensor) -> Tensor:
        if not len(inputs):
            return torch.empty(0, *self.spec.shape)
        return torch.from_numpy(np.asarray(self.fitted.transform(self.spec.align(own, inputs)), dtype=np.float32))

    def for_pictures(self, own: Any, inputs: Tensor) -> Tensor:
        """As a call, but for rounding: scikit-learn takes a second to import, which the first visitor would wait."""
        middles = [middle for _, middle, _ in self.bounds()]
        known, rows = (np.where(np.isnan(part), middles, part) for part in (self.rows, self.spec.align(own, inputs)))
        columns = list(enumerate(self.spec.columns))
        numeric = [place for place, column in columns if not column.categories]
        scaled = (rows[:, numeric] - known[:, numeric].mean(0)) / known[:, numeric].std(0)
        encoded = [
            np.eye(len(column.categories))[rows[:, place].astype(np.int64)]
            for place, column in columns
            if column.categories
        ]
        return torch.from_numpy(np.hstack([scaled, *encoded]).astype(np.float32))

    def values(self, prepared: Tensor) -> pd.DataFrame:
        """Numbers in their units, and the names of categories; a replaced missing value shows its replacement."""
        import pandas as pd

        found: dict[str, Any] = {}
        rows, start = prepared.double().numpy(), len(self.spec.numeric)
        if start:
            back = self.fitted.named_transformers_["numeric"][-1].inverse_transform(rows[:, :start])
            found |= {column.title: values for column, values in zip(self.spec.numeric, back.T, strict=True)}
        for column in self.spec.categorical:
            end = start + len(column.categories)
            found[column.title] = [column.categories[index] for index in rows[:, start:end].argmax(1)]
            start = end
        return pd.DataFrame(found, columns=[column.title for column in self.spec.columns])

    def bounds(self) -> list[tuple[float, float, float]]:
        """The smallest, the middle and the largest value of each column in the training inputs; of one of categories
        the index of the most frequent in the middle."""
        found: list[tuple[float, float, float]] = []
        for column, values in zip(self.spec.columns, self.rows.T, strict=True):
            present = values[~np.isnan(values)]
            middle = np.bincount(present.astype(np.int64)).argmax() if column.categories else np.median(present)
            found.append((float(present.min()), float(middle), float(present.max())))
        return found

    def module(self) -> nn.Module:
        return EncoderModule(self)


class EncoderModule(nn.Module):
    """A fitted encoder as part of an exported network.

    Shapes:
        input raw rows, float32 (B, columns), NaN for a missing value; output (B, features).
    """

    fill: Tensor
    mean: Tensor
    scale: Tensor

    def __init__(self, encoder: TableEncoder) -> None:
        super().__init__()
        columns = encoder.spec.columns
        self.numeric = [place for place, column in enumerate(columns) if not column.categories]
        self.categorical = [
            (place, len(column.categories)) for place, column in enumerate(columns) if column.categories
        ]
        fill = torch.zeros(len(columns))
        mean, scale = torch.zeros(len(self.numeric)), torch.ones(len(self.numeric))
        steps = encoder.fitted.named_transformers_
        if self.numeric:
            fill[self.numeric] = torch.tensor(steps["numeric"][0].statistics_, dtype=torch.float32)
            mean, scale = (torch.tensor(part, dtype=torch.float32) for part in
                           (steps["numeric"][-1].mean_, steps["numeric"][-1].scale_))  # fmt: skip
        if self.categorical:
            places = [place for place, _ in self.categorical]
            fill[places] = torch.tensor(steps["categorical"][0].statistics_, dtype=torch.float32)
        for name, values in (("fill", fill), ("mean", mean), ("scale", scale)):
            self.register_buffer(name, values)

    def forward(self, rows: Tensor) -> Tensor:
        filled = torch.where(rows.isnan(), self.fill, rows)
        parts = [(filled[:, self.numeric] - self.mean) / self.scale] if self.numeric else []
        parts += [one_hot(filled[:, place].long(), count).float() for place, count in self.categorical]
        return torch.cat(parts, 1)
