"""Builds with setuptools, as pip asks, after an older Python was refused in one sentence.

pip asks what it needs for building first of all, so that nothing is downloaded for a Python that is too old.
"""

from python_version import refuse_older_python


def get_requires_for_build_wheel(config_settings=None):
    refuse_older_python()
    return ["setuptools>=68"]


get_requires_for_build_editable = get_requires_for_build_sdist = get_requires_for_build_wheel


def _of_setuptools(hook):
    def run(*arguments, **options):
        from setuptools import build_meta  # there is none before pip has asked

        return getattr(build_meta, hook)(*arguments, **options)

    return run


prepare_metadata_for_build_wheel = _of_setuptools("prepare_metadata_for_build_wheel")
prepare_metadata_for_build_editable = _of_setuptools("prepare_metadata_for_build_editable")
build_wheel = _of_setuptools("build_wheel")
build_editable = _of_setuptools("build_editable")


def build_sdist(folder, config_settings=None):
    """Pack this folder too: who installs from the archive runs it again."""
    from setuptools.command.egg_info import manifest_maker

    manifest_maker.template = ".build/MANIFEST.in"
    return _of_setuptools("build_sdist")(folder, config_settings)
