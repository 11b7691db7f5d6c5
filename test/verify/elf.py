# SPDX-License-Identifier: GPL-2.0-or-later
"""A module as a list of sections, symbols and relocations that can be changed in place."""

import struct

RELA, SYM, SHDR = 24, 24, 64
UNDEF, ABS, LIVEPATCH = 0, 0xFFF1, 0xFF20
PC32, PLT32, ABS64, ABS32S, GOTPCREL, NONE = 2, 4, 1, 11, 9, 0
ALLOC, EXEC, WRITE, STRINGS, RELA_LIVEPATCH = 2, 4, 1, 0x20, 0x100000


class Section:
    def __init__(self, elf, index):
        self.elf, self.index = elf, index
        self.at = elf.shoff + index * SHDR
        fields = struct.unpack_from("<IIQQQQIIQQ", elf.data, self.at)
        self.type, self.flags, self.offset = fields[1], fields[2], fields[4]
        self.size, self.link, self.info = fields[5], fields[6], fields[7]
        self.name_at = fields[0]
        self.name = ""

    def store(self):
        struct.pack_into("<I", self.elf.data, self.at, self.name_at)
        struct.pack_into("<IQ", self.elf.data, self.at + 4, self.type, self.flags)
        struct.pack_into("<QQII", self.elf.data, self.at + 24, self.offset, self.size, self.link, self.info)

    def content(self):
        return bytes(self.elf.data[self.offset:self.offset + self.size])

    def replace(self, content):
        """Other content, of any size: it goes to the end of the file."""
        self.elf.data += bytes(-len(self.elf.data) % 16)
        self.offset, self.size = len(self.elf.data), len(content)
        self.elf.data += content
        self.store()

    def poke(self, offset, content):
        self.elf.data[self.offset + offset:self.offset + offset + len(content)] = content


class Symbol:
    def __init__(self, elf, index):
        self.elf, self.index = elf, index
        self.at = elf.symtab.offset + index * SYM
        self.name_at, self.info, self.other, self.section, self.value, self.size = \
            struct.unpack_from("<IBBHQQ", elf.data, self.at)
        self.name = elf.string(elf.strtab, self.name_at)

    def store(self):
        struct.pack_into("<IBBHQQ", self.elf.data, self.at, self.name_at, self.info, self.other,
                         self.section, self.value, self.size)

    def rename(self, name):
        strtab = self.elf.strtab
        self.name_at = strtab.size
        strtab.replace(strtab.content() + name.encode() + b"\0")
        self.store()


class Reloc:
    def __init__(self, elf, table, number):
        self.elf, self.table, self.number = elf, table, number
        self.at = table.offset + number * RELA
        self.offset, info, self.addend = struct.unpack_from("<QQq", elf.data, self.at)
        self.type, self.sym = info & 0xFFFFFFFF, info >> 32
        self.livepatch = bool(table.flags & RELA_LIVEPATCH)

    def store(self):
        struct.pack_into("<QQq", self.elf.data, self.at, self.offset, self.sym << 32 | self.type, self.addend)

    @property
    def symbol(self):
        return self.elf.symbols[self.sym]

    @property
    def target(self):
        """Section and offset that it leads to."""
        return self.symbol.section, self.symbol.value + self.addend

    @property
    def place(self):
        return self.elf.sections[self.table.info]


class Elf:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = bytearray(file.read())
        self.shoff, = struct.unpack_from("<Q", self.data, 40)
        count, names = struct.unpack_from("<HH", self.data, 60)
        self.sections = [Section(self, i) for i in range(count)]
        self.shstrtab = self.sections[names]
        for section in self.sections:
            section.name = self.string(self.shstrtab, section.name_at)
        self.symtab = next(s for s in self.sections if s.type == 2)
        self.strtab = self.sections[self.symtab.link]
        self.symbols = [Symbol(self, i) for i in range(self.symtab.size // SYM)]
        self.relocs = [Reloc(self, t, i) for t in self.sections if t.type == 4
                       and self.sections[t.info].flags & ALLOC for i in range(t.size // RELA)]

    def string(self, table, at):
        start = table.offset + at
        return self.data[start:self.data.index(0, start)].decode("latin-1")

    def section(self, name):
        return next((s for s in self.sections if s.name == name), None)

    def rename_section(self, section, name):
        section.name_at = self.shstrtab.size
        self.shstrtab.replace(self.shstrtab.content() + name.encode() + b"\0")
        section.store()

    def relocs_of(self, name):
        return [r for r in self.relocs if r.place.name == name]

    def drop_reloc(self, reloc):
        table = reloc.table
        content = table.content()
        table.replace(content[:reloc.number * RELA] + content[(reloc.number + 1) * RELA:])

    def drop_entry(self, name, number, size):
        """An entry of a table with one relocation each: entry and relocation, others move up."""
        section = self.section(name)
        content = section.content()
        relocs = sorted(self.relocs_of(name), key=lambda r: r.offset)
        for reloc in relocs[number + 1:]:
            reloc.offset -= size
            reloc.store()
        self.drop_reloc(relocs[number])
        section.replace(content[:number * size] + content[(number + 1) * size:])

    def modinfo(self, key, value):
        """Another value for a key of .modinfo; None takes it out. False: there is no such key."""
        section = self.section(".modinfo")
        entries = section.content().split(b"\0")
        found = [i for i, e in enumerate(entries) if e.startswith(key.encode() + b"=")]
        if not found:
            return False
        if value is None:
            del entries[found[0]]
        else:
            entries[found[0]] = key.encode() + b"=" + value.encode()
        content = b"\0".join(entries)
        section.replace(content.ljust(section.size, b"\0"))
        return True
