"""Makes ``lm_eval run --model jeval-hf`` work wherever jeval is installed.

lm-eval 0.4.13 finds models only in its own table; it has no entry points for them and resolves ``--model`` before it
imports a task. So a ``.pth`` file imports this module when Python starts. It does nothing but wait: when (and only when) ``lm_eval.models``
is imported, the name ``jeval-hf`` is entered beside lm-eval's own names, as a placeholder that is resolved on use. Nothing of
lm-eval is replaced, and neither jeval nor torch is imported until the model is asked for.
"""

import sys

NAME, TARGET, AWAITED = "jeval-hf", "jeval.models.hf:JevalHF", "lm_eval.models"


class _Waiting:
    """A finder that recognises one module, steps aside and registers the name after that module has run."""

    @staticmethod
    def find_spec(name, path=None, target=None):  # type: ignore[no-untyped-def]
        if name != AWAITED:
            return None
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not _Waiting]
        from importlib.machinery import PathFinder

        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        loader, run = spec.loader, spec.loader.exec_module

        def exec_module(module):  # type: ignore[no-untyped-def]
            run(module)
            register()

        loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def register():  # type: ignore[no-untyped-def]
    """Enter the placeholder, unless the name is taken; lm-eval goes on without it if its registry has changed."""
    try:
        from lm_eval.api.registry import model_registry

        if NAME not in model_registry:
            model_registry.register(NAME, target=TARGET)
    except (ImportError, AttributeError, TypeError, ValueError):
        pass


if AWAITED in sys.modules:
    register()
elif _Waiting not in sys.meta_path:
    sys.meta_path.insert(0, _Waiting)
