"""pySigma pipelines: which log source a rule is read as, where it names none or only the product.

The backend knows by itself where the fields of its log sources stand, so a pipeline has nothing else to say. A rule that
names a log source keeps it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sigma.correlations import SigmaCorrelationRule
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations.base import PreprocessingTransformation
from sigma.rule import SigmaLogSource, SigmaRule

from pipeline.sigma_duckdb.log_sources import read_log_sources


@dataclass
class ReadAsLogSource(PreprocessingTransformation):
    """Gives a rule this log source, unless it names another."""

    product: str
    service: str

    def apply(self, rule: SigmaRule | SigmaCorrelationRule) -> None:
        super().apply(rule)
        if not isinstance(rule, SigmaRule):
            return
        named = rule.logsource
        if named.product in (None, self.product) and named.service is None:
            rule.logsource = SigmaLogSource(named.category, self.product, self.service)


def pipeline_maker(product: str, service: str) -> Callable[[], ProcessingPipeline]:
    def make_pipeline() -> ProcessingPipeline:  # pySigma takes functions and no other callables
        return ProcessingPipeline(
            name=f"postreset: rules without a service are of {product}/{service}",
            priority=10,
            allowed_backends=frozenset({"duckdb"}),
            items=[ProcessingItem(ReadAsLogSource(product, service), identifier="read_as_log_source")],
        )

    return make_pipeline


pipelines: dict[str, Callable[[], ProcessingPipeline]] = {
    f"{known.product}_{service}": pipeline_maker(known.product, service)
    for known in read_log_sources()
    for service in (known.services if known.has_service_pipelines else known.services[:1])
}
