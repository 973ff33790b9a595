/* SPDX-License-Identifier: MIT */
/*
 * What a count of instructions hides: a plugin of QEMU's TCG that counts those that cost far more than one, between two time
 * stamps that the guest reads. Each `rdtsc` outside the hypervisor's addresses writes a line: where it is, then the counts since
 * the one before, in the order of `names` in bench.py. The interface (version 1 and 2) is declared here, as far as it is used.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef void translated(plugin_id id, struct qemu_plugin_tb *tb);
typedef void executed(unsigned int cpu, void *argument);

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, translated *callback);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, executed *callback,
                                            int flags, void *argument);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

#define EXPORT __attribute__((visibility("default")))
EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = PLUGIN_VERSION;
EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv);

enum { CR3, CR4, INVLPG, WRMSR, LOCKED, IRET, SEGMENT, NR_KINDS, OTHER = NR_KINDS, RDTSC };

static uint64_t counts[NR_KINDS];
static FILE *output;

static bool is_hypervisor(uint64_t address)
{
    return address >= UINT64_C(0xffff800000000000) && address < UINT64_C(0xffff880000000000);
}

/* Intel SDM 2: legacy prefixes, REX, opcode, ModRM. */
static int kind_of(const uint8_t *byte, size_t size)
{
    size_t at = 0;
    bool lock = false;

    while (at < size &&
           (byte[at] == 0x66 || byte[at] == 0x67 || (byte[at] & 0xfe) == 0xf2 || byte[at] == 0xf0 ||
            (byte[at] & 0xe7) == 0x26 || (byte[at] & 0xfe) == 0x64)) {
        lock |= byte[at++] == 0xf0;
    }
    at += at < size && (byte[at] & 0xf0) == 0x40;
    if (lock) {
        return LOCKED;
    }
    uint8_t opcode = at < size ? byte[at] : 0, next = at + 1 < size ? byte[at + 1] : 0;
    uint8_t modrm = at + 2 < size ? byte[at + 2] : 0, field = modrm >> 3 & 7;

    if ((opcode & 0xfe) == 0x86 && next < 0xc0) {
        return LOCKED; /* xchg with memory locks by itself */
    }
    if (opcode == 0xcf) {
        return IRET;
    }
    if (opcode == 0x8e) {
        return SEGMENT;
    }
    if (opcode != 0x0f) {
        return OTHER;
    }
    switch (next) {
    case 0x00:
        return field == 2 ? SEGMENT : OTHER; /* lldt */
    case 0x01:
        return field == 7 && modrm < 0xc0 ? INVLPG : OTHER;
    case 0x22:
        return field == 3 ? CR3 : field == 4 ? CR4 : OTHER;
    case 0x30:
        return WRMSR;
    case 0x31:
        return RDTSC;
    default:
        return OTHER;
    }
}

static void count(unsigned int cpu, void *kind)
{
    (void)cpu;
    counts[(intptr_t)kind]++;
}

static void stamp(unsigned int cpu, void *address)
{
    (void)cpu;
    fprintf(output, "%lx", (unsigned long)(uintptr_t)address);
    for (int i = 0; i < NR_KINDS; i++) {
        fprintf(output, " %lu", (unsigned long)counts[i]);
    }
    fputc('\n', output);
    fflush(output);
    memset(counts, 0, sizeof(counts));
}

static void translate(plugin_id id, struct qemu_plugin_tb *tb)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        intptr_t kind = kind_of(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
        uint64_t address = qemu_plugin_insn_vaddr(insn);

        if (kind < NR_KINDS) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, count, 0, (void *)kind);
        } else if (kind == RDTSC && !is_hypervisor(address)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, stamp, 0, (void *)(uintptr_t)address);
        }
    }
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    output = argc == 1 && strncmp(argv[0], "out=", 4) == 0 ? fopen(argv[0] + 4, "w") : NULL;
    if (output == NULL) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}
