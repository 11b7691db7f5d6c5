# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways to damage a livepatch module, and the findings by one of which verify must name each.

A function changes the module and returns True, or returns False where it does not apply.
"""

import struct

from elf import (ABS, ABS32S, ABS64, ALLOC, EXEC, GOTPCREL, LIVEPATCH, NONE, PC32, PLT32, RELA_LIVEPATCH,
                 STRINGS, UNDEF, WRITE)

DAMAGES = []


def damage(*findings):
    def register(function):
        DAMAGES.append((function.__name__.replace("_", "-"), set(findings), function))
        return function
    return register


def change(thing, **members):
    for name, value in members.items():
        setattr(thing, name, value)
    thing.store()
    return True


def klp_symbols(elf):
    return [s for s in elf.symbols if s.name.startswith(".klp.sym.")]


def klp_relocs(elf):
    return [r for r in elf.relocs if r.livepatch]


def klp_tables(elf):
    return [s for s in elf.sections if s.name.startswith(".klp.rela.")]


def carried(elf):
    """Sections of carried code: the module's own is in .text, .init.text and .exit.text."""
    return [s for s in elf.sections if s.name.startswith(".text.") and s.flags & EXEC and s.size]


def code_relocs(elf):
    """Ordinary ones of carried code."""
    return [r for r in elf.relocs if not r.livepatch and r.place in carried(elf)]


def imports_in_code(elf):
    return [r for r in code_relocs(elf) if r.symbol.section == UNDEF and r.symbol.name != "__fentry__"
            and r.type in (PC32, PLT32)]


def strings_in_code(elf):
    return [r for r in code_relocs(elf) if r.symbol.section < len(elf.sections)
            and elf.sections[r.symbol.section].flags & STRINGS]


def first(things):
    return next(iter(things), None)


def position_of(symbol, position):
    name, _, _ = symbol.name.rpartition(",")
    symbol.rename(f"{name},{position}")
    return True


def functions(elf):
    """Records of functions: relocations of old_name and new_func, eight bytes apart, in data."""
    found = []
    for reloc in elf.relocs:
        section, offset = reloc.target
        if reloc.place.flags & EXEC or reloc.place.name.startswith(("__", ".orc", ".return", ".gnu", ".call")) \
                or section >= len(elf.sections) or elf.sections[section] not in carried(elf) or offset:
            continue
        name = first(r for r in elf.relocs if r.place is reloc.place and r.offset == reloc.offset - 8)
        if name:
            found.append((name, reloc))
    return found


def is_core(elf):
    return any(s.name == "mkpatch_core_register" for s in elf.symbols)


# ---- positions and names ----

@damage("no-such-position", "wrong-symbol")
def position_one_more(elf):
    symbol = first(klp_symbols(elf))
    if not symbol:
        return False
    number = int(symbol.name.rpartition(",")[2])
    return position_of(symbol, number + 1 if number else 2)


@damage("wrong-symbol")
def position_one_less(elf):
    symbol = first(s for s in klp_symbols(elf) if int(s.name.rpartition(",")[2]) > 1)
    return bool(symbol) and position_of(symbol, int(symbol.name.rpartition(",")[2]) - 1)


@damage("ambiguous-position")
def position_left_out(elf):
    symbol = first(s for s in klp_symbols(elf) if int(s.name.rpartition(",")[2]) > 1)
    return bool(symbol) and position_of(symbol, 0)


@damage("no-such-position", "wrong-symbol")
def old_position(elf):
    records = functions(elf)
    if not records:
        return False
    records[0][1].place.poke(records[0][1].offset + 8, struct.pack("<Q", 2))
    return True


@damage("symbol-not-found")
def old_name_shorter(elf):
    records = functions(elf)
    return bool(records) and change(records[0][0], addend=records[0][0].addend + 1)


def other_old_name(elf, name):
    records = functions(elf)
    if not records:
        return False
    reloc = records[0][0]
    section = elf.sections[reloc.symbol.section]
    end = section.size
    section.replace(section.content() + name.encode() + b"\0")
    return change(reloc, addend=end - reloc.symbol.value)


@damage("not-traceable", "symbol-not-found")
def old_function_untraceable(elf):
    return other_old_name(elf, "exc_page_fault")


@damage("payload-function", "symbol-not-found")
def old_function_another(elf):
    return other_old_name(elf, "kernel_clone")


@damage("wrong-symbol", "symbol-not-found")
def old_function_variable(elf):
    return other_old_name(elf, "linux_banner")


@damage("object-name")
def object_with_suffix(elf):
    for name, _ in functions(elf):
        for reloc in elf.relocs:
            if reloc.target != (name.place.index, 0) and reloc.target[0] != name.place.index:
                continue
            owner = first(r for r in elf.relocs if r.place is reloc.place and r.offset == reloc.offset - 8)
            if not owner or not elf.sections[owner.symbol.section].flags & STRINGS:
                continue
            section = elf.sections[owner.symbol.section]
            text = elf.string(section, owner.symbol.value + owner.addend)
            if text not in ("minix", "binfmt_misc"):
                continue
            end = section.size
            section.replace(section.content() + text.encode() + b".ko\0")
            return change(owner, addend=end - owner.symbol.value)
    return False


@damage("symbol-not-found")
def symbol_with_suffix(elf):
    symbol = first(klp_symbols(elf))
    if not symbol:
        return False
    prefix, _, rest = symbol.name[len(".klp.sym."):].partition(".")
    symbol.rename(f".klp.sym.{prefix}.ko.{rest}")
    return True


@damage("no-image")
def symbol_of_other_object(elf):
    symbol = first(klp_symbols(elf))
    if not symbol:
        return False
    symbol.rename(".klp.sym.nowhere." + symbol.name[len(".klp.sym."):].partition(".")[2])
    return True


@damage("payload-target")
def symbol_another(elf):
    symbol = first(s for s in klp_symbols(elf) if ".vmlinux." in s.name)
    if not symbol:
        return False
    symbol.rename(".klp.sym.vmlinux.proc_create_net_data,0")
    return True


@damage("klp-symbol-name")
def symbol_name_malformed(elf):
    symbol = first(klp_symbols(elf))
    if not symbol:
        return False
    symbol.rename(symbol.name.replace(",", "."))
    return True


@damage("klp-symbol-index")
def symbol_undefined(elf):
    symbol = first(klp_symbols(elf))
    return bool(symbol) and change(symbol, section=UNDEF)


@damage("klp-symbol-index")
def symbol_absolute(elf):
    symbol = first(klp_symbols(elf))
    return bool(symbol) and change(symbol, section=ABS)


@damage("not-finalized")
def symbol_unfinished(elf):
    symbol = first(klp_symbols(elf))
    if not symbol:
        return False
    symbol.rename(".mkp.klp.vmlinux/" + symbol.name[len(".klp.sym."):])
    return change(symbol, section=UNDEF)


@damage("klp-symbol-name")
def import_made_livepatch(elf):
    symbol = first(r.symbol for r in imports_in_code(elf))
    return bool(symbol) and change(symbol, section=LIVEPATCH)


# ---- livepatch sections ----

@damage("klp-section-name")
def section_of_other_name(elf):
    table = first(klp_tables(elf))
    if not table:
        return False
    elf.rename_section(table, table.name + "x")
    return True


@damage("klp-vmlinux-symbol", "klp-relocation-symbol")
def section_of_other_object(elf):
    table = first(klp_tables(elf))
    if not table:
        return False
    owner, _, rest = table.name[len(".klp.rela."):].partition(".")
    other = "minix" if owner == "vmlinux" else "vmlinux"
    elf.rename_section(table, f".klp.rela.{other}.{rest}")
    return True


@damage("klp-section-flags", "malformed-module")
def section_without_livepatch_flag(elf):
    table = first(klp_tables(elf))
    return bool(table) and change(table, flags=table.flags & ~RELA_LIVEPATCH)


@damage("klp-section-flags")
def section_not_loaded(elf):
    table = first(klp_tables(elf))
    return bool(table) and change(table, flags=table.flags & ~ALLOC)


@damage("klp-section-name")
def section_applies_elsewhere(elf):
    table = first(klp_tables(elf))
    other = elf.section(".init.text")
    return bool(table and other) and change(table, info=other.index)


@damage("klp-section-link", "malformed-module")
def section_links_elsewhere(elf):
    table = first(klp_tables(elf))
    return bool(table) and change(table, link=elf.strtab.index)


# ---- relocations ----

def swap(a, b):
    if not a or not b:
        return False
    a.sym, b.sym = b.sym, a.sym
    a.store()
    return change(b)


def pair_of(relocs):
    for a in relocs:
        for b in relocs:
            if a.sym != b.sym and a.type == b.type and a.place is b.place:
                return a, b
    return None, None


@damage("payload-target")
def livepatch_targets_swapped(elf):
    return swap(*pair_of(klp_relocs(elf)))


@damage("payload-target")
def import_targets_swapped(elf):
    return swap(*pair_of(imports_in_code(elf)))


@damage("payload-target")
def strings_swapped(elf):
    relocs = strings_in_code(elf)
    for a in relocs:
        for b in relocs:
            if a.target != b.target and a.type == b.type:
                a.sym, a.addend, b.sym, b.addend = b.sym, b.addend, a.sym, a.addend
                a.store()
                return change(b)
    return False


@damage("payload-target")
def livepatch_addend(elf):
    reloc = first(klp_relocs(elf))
    return bool(reloc) and change(reloc, addend=reloc.addend + 8)


@damage("payload-target")
def import_addend(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, addend=reloc.addend - 1)


@damage("payload-target")
def string_addend(elf):
    reloc = first(strings_in_code(elf))
    return bool(reloc) and change(reloc, addend=reloc.addend + 1)


@damage("relocation-range")
def addend_too_large(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, addend=1 << 40)


@damage("klp-relocation-symbol")
def livepatch_relocation_to_import(elf):
    reloc, other = first(klp_relocs(elf)), first(imports_in_code(elf))
    return bool(reloc and other) and change(reloc, sym=other.sym)


@damage("klp-relocation-symbol")
def ordinary_relocation_to_livepatch(elf):
    reloc, symbol = first(imports_in_code(elf)), first(klp_symbols(elf))
    return bool(reloc and symbol) and change(reloc, sym=symbol.index)


@damage("relocation-type")
def relocation_without_symbol(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, sym=0)


@damage("klp-relocation-symbol")
def livepatch_symbol_out_of_range(elf):
    reloc = first(klp_relocs(elf))
    return bool(reloc) and change(reloc, sym=len(elf.symbols) + 5)


@damage("malformed-module")
def symbol_out_of_range(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, sym=len(elf.symbols) + 5)


@damage("relocation-type")
def relocation_not_applied(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, type=GOTPCREL)


@damage("relocation-code", "relocation-field", "relocation-overlap", "relocation-range")
def relocation_too_wide(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, type=ABS64)


@damage("relocation-code")
def relocation_absolute(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, type=ABS32S)


@damage("relocation-code", "relocation-field")
def livepatch_relocation_absolute(elf):
    reloc = first(r for r in klp_relocs(elf) if r.type in (PC32, PLT32) and r.place in carried(elf))
    return bool(reloc) and change(reloc, type=ABS32S)


@damage("payload-relocation")
def relocation_without_effect(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, type=NONE)


@damage("relocation-range", "malformed-module")
def relocation_outside(elf):
    reloc = first(klp_relocs(elf) or imports_in_code(elf))
    return bool(reloc) and change(reloc, offset=reloc.place.size - 1)


@damage("relocation-overlap")
def relocation_twice(elf):
    reloc = first(imports_in_code(elf))
    other = first(r for r in elf.relocs if reloc and r.place is reloc.place and r.offset > reloc.offset)
    return bool(other) and change(reloc, offset=other.offset)


@damage("relocation-code", "relocation-field")
def relocation_beside(elf):
    reloc = first(imports_in_code(elf))
    return bool(reloc) and change(reloc, offset=reloc.offset + 1)


@damage("relocation-field")
def field_not_empty(elf):
    reloc = first(imports_in_code(elf))
    if not reloc:
        return False
    reloc.place.poke(reloc.offset, b"\x01")
    return True


@damage("payload-relocation")
def relocation_dropped(elf):
    reloc = first(r for r in klp_relocs(elf) if r.place in carried(elf))
    if not reloc:
        return False
    elf.drop_reloc(reloc)
    return True


# ---- code and data ----

@damage("payload-code")
def code_changed(elf):
    section = first(carried(elf))
    covered = {r.offset + i for r in elf.relocs if r.place is section for i in range(8)}
    at = first(i for i in range(8, section.size) if i not in covered)
    if at is None:
        return False
    section.poke(at, bytes([section.content()[at] ^ 0x01]))
    return True


@damage("payload-target")
def string_changed(elf):
    reloc = first(strings_in_code(elf))
    if not reloc:
        return False
    section, offset = elf.sections[reloc.target[0]], reloc.target[1] + 4 * (reloc.type == PC32)
    if not section.content()[offset]:
        return False
    section.poke(offset, b"#")
    return True


@damage("section-flags")
def code_writable(elf):
    section = first(carried(elf))
    return change(section, flags=section.flags | WRITE)


@damage("section-flags")
def code_not_executable(elf):
    section = first(carried(elf))
    return change(section, flags=section.flags & ~EXEC)


@damage("new-function")
def new_function_beside(elf):
    records = functions(elf)
    return bool(records) and change(records[0][1], addend=records[0][1].addend + 4)


@damage("malformed-record")
def new_function_left_out(elf):
    records = functions(elf)
    return bool(records) and change(records[0][1], type=NONE, sym=0)


@damage("payload-code", "payload-relocation")
def new_function_another(elf):
    """Another function of the module takes its place."""
    records, section = functions(elf), elf.section(".exit.text")
    symbol = first(s for s in elf.symbols if section and s.info & 15 == 2 and s.section == section.index
                   and not s.value and s.size)
    return bool(records and symbol) and change(records[0][1], sym=symbol.index, addend=0)


@damage("old-size")
def old_size(elf):
    records = functions(elf)
    if not records or not is_core(elf):
        return False
    records[0][1].place.poke(records[0][1].offset + 16, struct.pack("<Q", 3))
    return True


@damage("new-size")
def new_size(elf):
    records = functions(elf)
    if not records or not is_core(elf):
        return False
    records[0][1].place.poke(records[0][1].offset + 24, struct.pack("<Q", 3))
    return True


# ---- the module itself ----

@damage("no-livepatch-mark")
def livepatch_mark_missing(elf):
    return elf.modinfo("livepatch", None)


@damage("no-livepatch-mark")
def livepatch_mark_no(elf):
    return elf.modinfo("livepatch", "N")


@damage("vermagic")
def vermagic(elf):
    return elf.modinfo("vermagic", "6.1.0-55-amd64 SMP preempt mod_unload modversions ")


@damage("license")
def license_other(elf):
    return elf.modinfo("license", "Proprietary")


@damage("module-name")
def name_in_modinfo(elf):
    return elf.modinfo("name", "something_else")


@damage("module-name")
def name_too_long(elf):
    return elf.modinfo("name", "x" * 60)


@damage("import-depends")
def depends_left_out(elf):
    return is_core(elf) and elf.modinfo("depends", "")


@damage("module-name")
def name_in_struct(elf):
    section = elf.section(".gnu.linkonce.this_module")
    name = first(e[5:] for e in elf.section(".modinfo").content().split(b"\0") if e.startswith(b"name="))
    at = section.content().find(name + b"\0")
    section.poke(at, b"X")
    return at >= 0


def module_pointer(elf, name):
    reloc = first(r for r in elf.relocs_of(".gnu.linkonce.this_module") if r.symbol.name == name)
    return bool(reloc) and change(reloc, type=NONE, sym=0)


@damage("no-init")
def init_missing(elf):
    return module_pointer(elf, "init_module")


@damage("not-removable")
def exit_missing(elf):
    return module_pointer(elf, "cleanup_module")


def crc_at(elf, name):
    content = elf.section("__versions").content()
    at = content.find(name.encode() + b"\0")
    return at - 8 if at >= 0 and at % 64 == 8 else None


@damage("import-crc")
def crc_of_import(elf):
    at = crc_at(elf, "__fentry__")
    if at is None:
        return False
    elf.section("__versions").poke(at, b"\xde\xad\xbe\xef")
    return True


@damage("import-crc")
def crc_of_layout(elf):
    at = crc_at(elf, "module_layout")
    if at is None:
        return False
    elf.section("__versions").poke(at, b"\xde\xad\xbe\xef")
    return True


@damage("import-no-version")
def crc_missing(elf):
    at = crc_at(elf, "__fentry__")
    if at is None:
        return False
    elf.section("__versions").poke(at + 8, b"xx")
    return True


@damage("table-size")
def versions_of_odd_size(elf):
    section = elf.section("__versions")
    section.replace(section.content() + bytes(8))
    return True


@damage("import-not-exported")
def import_unknown(elf):
    reloc = first(imports_in_code(elf))
    if not reloc:
        return False
    reloc.symbol.rename("no_kernel_exports_this")
    return True


@damage("not-enabled")
def never_enabled(elf):
    symbol = first(s for s in elf.symbols if s.name in ("klp_enable_patch", "mkpatch_core_register"))
    symbol.rename("_printk")
    return True


@damage("no-patch-record", "malformed-record")
def record_without_module(elf):
    for reloc in elf.relocs:
        if reloc.symbol.name == "__this_module" and reloc.place.flags & WRITE:
            return change(reloc, type=NONE, sym=0)
    return False


@damage("malformed-module")
def file_cut(elf):
    del elf.data[len(elf.data) // 2:]
    return True
