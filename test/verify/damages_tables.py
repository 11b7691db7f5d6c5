# SPDX-License-Identifier: GPL-2.0-or-later
"""Damages to the tables about code; see damages.py."""

from damages import carried, change, damage, first, imports_in_code, klp_relocs
from elf import ALLOC, NONE, UNDEF


def entry_of_carried(elf, table):
    """Number of an entry that speaks of carried code, not of its end."""
    for number, reloc in enumerate(sorted(elf.relocs_of(table), key=lambda r: r.offset)):
        section, offset = reloc.target
        if section < len(elf.sections) and elf.sections[section] in carried(elf) and \
                offset < elf.sections[section].size:
            return number
    return None


@damage("orc-tables", "table-size")
def orc_place_dropped(elf):
    number = entry_of_carried(elf, ".orc_unwind_ip")
    if number is None:
        return False
    elf.drop_entry(".orc_unwind_ip", number, 4)
    return True


@damage("payload-table", "orc-coverage")
def orc_entry_dropped(elf):
    number = entry_of_carried(elf, ".orc_unwind_ip")
    if number is None:
        return False
    elf.drop_entry(".orc_unwind_ip", number, 4)
    section = elf.section(".orc_unwind")
    content = section.content()
    section.replace(content[:number * 6] + content[(number + 1) * 6:])
    return True


@damage("payload-code")
def orc_entry_changed(elf):
    number = entry_of_carried(elf, ".orc_unwind_ip")
    if number is None:
        return False
    section = elf.section(".orc_unwind")
    section.poke(number * 6, bytes([section.content()[number * 6] ^ 8]))
    return True


@damage("orc-coverage")
def orc_entry_empty(elf):
    number = entry_of_carried(elf, ".orc_unwind_ip")
    if number is None:
        return False
    elf.section(".orc_unwind").poke(number * 6, bytes(6))
    return True


@damage("orc-tables")
def orc_missing(elf):
    section = elf.section(".orc_unwind")
    if not section:
        return False
    elf.rename_section(section, ".orc_rewound")
    return True


@damage("ftrace-site")
def ftrace_site_dropped(elf):
    number = entry_of_carried(elf, "__mcount_loc")
    if number is None:
        return False
    elf.drop_entry("__mcount_loc", number, 8)
    return True


@damage("ftrace-site")
def ftrace_site_beside(elf):
    number = entry_of_carried(elf, "__mcount_loc")
    if number is None:
        return False
    reloc = sorted(elf.relocs_of("__mcount_loc"), key=lambda r: r.offset)[number]
    return change(reloc, addend=reloc.addend + 16)


@damage("return-site")
def return_site_dropped(elf):
    number = entry_of_carried(elf, ".return_sites")
    if number is None:
        return False
    elf.drop_entry(".return_sites", number, 4)
    return True


@damage("return-site")
def return_site_elsewhere(elf):
    number = entry_of_carried(elf, ".return_sites")
    if number is None:
        return False
    reloc = sorted(elf.relocs_of(".return_sites"), key=lambda r: r.offset)[number]
    return change(reloc, addend=reloc.addend - 3)


@damage("table-target")
def entry_points_to_data(elf):
    reloc, data = first(elf.relocs_of(".return_sites")), elf.section(".modinfo")
    symbol = first(s for s in elf.symbols if data and s.section == data.index)
    return bool(reloc and symbol) and change(reloc, sym=symbol.index, addend=0)


@damage("table-size")
def table_of_odd_size(elf):
    section = elf.section(".return_sites")
    if not section:
        return False
    section.replace(section.content() + b"\0")
    return True


@damage("section-flags")
def table_not_loaded(elf):
    section = elf.section(".return_sites")
    return bool(section) and change(section, flags=section.flags & ~ALLOC)


def key_reloc(elf):
    for name, field in ((".static_call_sites", 4), ("__jump_table", 8)):
        for reloc in elf.relocs_of(name):
            if reloc.offset % (field * 2) == field:
                return reloc
    return None


@damage("table-key", "table-size", "payload-relocation")
def key_left_out(elf):
    reloc = key_reloc(elf)
    return bool(reloc) and change(reloc, type=NONE, sym=0)


@damage("payload-target", "klp-relocation-symbol")
def key_another(elf):
    reloc = key_reloc(elf)
    other = first(imports_in_code(elf))
    return bool(reloc and other) and change(reloc, sym=other.sym)


# Of a tracepoint whose key is exported: the kernel has no record of such a trampoline.
@damage("table-key")
def key_is_trampoline(elf):
    sites = elf.section(".static_call_sites")
    reloc = first(r for r in klp_relocs(elf) if r.place is sites and r.offset % 8 == 4)
    if not reloc:
        return False
    reloc.symbol.rename("__SCT__tp_func_pelt_se_tp")
    return change(reloc.symbol, section=UNDEF)


@damage("payload-target", "payload-code")
def warning_elsewhere(elf):
    reloc = first(r for r in elf.relocs_of("__bug_table") if r.offset % 12 == 4)
    return bool(reloc) and change(reloc, addend=reloc.addend + 1)


@damage("payload-code")
def warning_flags(elf):
    section = elf.section("__bug_table")
    if not section:
        return False
    section.poke(10, bytes([section.content()[10] ^ 1]))
    return True


@damage("table-target")
def replacement_too_long(elf):
    section = elf.section(".altinstructions")
    if not section or section.size % 12:
        return False
    section.poke(11, b"\xff")
    return True


@damage("payload-code", "table-target")
def replacement_changed(elf):
    section = elf.section(".altinstr_replacement")
    if not section or any(r.place is section and r.offset < 1 for r in elf.relocs):
        return False
    section.poke(0, bytes([section.content()[0] ^ 1]))
    return True


def extend_versions(elf, names, numbers, keep):
    """As modpost of 6.14 writes them, in place of sections that the kernel does not look at."""
    spare = [elf.section(name) for name in (".comment", ".note.GNU-stack")]
    if None in spare:
        return False
    for section, name, content in zip(spare, ("__version_ext_names", "__version_ext_crcs"), (names, numbers)):
        elf.rename_section(section, name)
        change(section, type=1, flags=ALLOC)
        section.replace(content)
    if not keep:
        elf.rename_section(elf.section("__versions"), "__versions_gone")
    return True


def versions_of(elf):
    content = elf.section("__versions").content()
    entries = [content[at:at + 64] for at in range(0, len(content), 64)]
    return [(entry[8:].rstrip(b"\0"), entry[:4]) for entry in entries]


def extended(elf, entries, keep):
    return extend_versions(elf, b"".join(name + b"\0" for name, _ in entries),
                           b"".join(number for _, number in entries), keep)


@damage()
def extended_versions_alone(elf):
    return extended(elf, versions_of(elf), False)


@damage()
def extended_versions_too(elf):
    return extended(elf, versions_of(elf), True)


@damage("import-crc")
def extended_crc(elf):
    entries = versions_of(elf)
    return extended(elf, entries[:-1] + [(entries[-1][0], b"\xde\xad\xbe\xef")], True)


@damage("import-no-version")
def extended_version_missing(elf):
    return extended(elf, versions_of(elf)[:-1], True)


@damage("table-size")
def extended_name_missing(elf):
    entries = versions_of(elf)
    return extend_versions(elf, b"".join(name + b"\0" for name, _ in entries[:-1]),
                           b"".join(number for _, number in entries), True)


@damage("table-size")
def extended_names_without_end(elf):
    entries = versions_of(elf)
    return extend_versions(elf, b"\0".join(name for name, _ in entries),
                           b"".join(number for _, number in entries), True)
