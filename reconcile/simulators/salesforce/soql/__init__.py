"""SOQL: parsed by hand, compiled to SQL over the practice org's tables."""

from reconcile.simulators.salesforce.soql.compiled import Column, Compiled
from reconcile.simulators.salesforce.soql.compiler import compile_query
from reconcile.simulators.salesforce.soql.parser import parse

__all__ = ["Column", "Compiled", "compile_query", "parse"]
