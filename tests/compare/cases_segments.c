/* SPDX-License-Identifier: MIT */
/* Descriptors, segment bases, debug registers, traps and callbacks; only what leaves this kernel running. */
#include <string.h>

#include <public/callback.h>
#include <public/physdev.h>
#include <public/xen.h>
#include <pvk/hypercall.h>

#include "compare.h"

static struct spare_page gdt;

static void descriptor(const char *name, uint64_t value)
{
    show(name, hypercall_update_descriptor((uint64_t)gdt.mfn << 12 | 8 * 8, value));
}

/* A descriptor of 64-bit or 32-bit code, data, or a system type: base 0, limit 4 GiB. */
static uint64_t make(unsigned int type, unsigned int dpl, uint64_t extra)
{
    return 0x00cf00000000ffffull | (uint64_t)(0x80 | dpl << 5 | type) << 40 | extra;
}

static void descriptors(void)
{
    unsigned long frame;
    gdt = spare_page();
    memset(gdt.address, 0, 4096);
    frame = gdt.mfn;
    show("gdt.writable frame", hypercall_set_gdt(&frame, 512));
    (void)spare_map(gdt, ENTRY_PRESENT);
    show("gdt.read-only frame", hypercall_set_gdt(&frame, 512));
    show("gdt.make writable while in use", spare_map(gdt, ENTRY_PRESENT | ENTRY_WRITE));
    descriptor("descriptor.data dpl3", make(0x12, 3, 0));
    descriptor("descriptor.code32 dpl3", make(0x1a, 3, 0));
    descriptor("descriptor.code64 dpl3", 0x00af00000000ffffull | 0xfbull << 40);
    descriptor("descriptor.code dpl0", make(0x1a, 0, 0));
    show("descriptor.code dpl0 as stored", (long)(((uint64_t *)gdt.address)[8] >> 45 & 3));
    descriptor("descriptor.conforming code", make(0x1e, 3, 0));
    descriptor("descriptor.call gate", make(0x0c, 3, 0));
    descriptor("descriptor.interrupt gate", make(0x0e, 3, 0));
    descriptor("descriptor.tss", make(0x09, 3, 0));
    descriptor("descriptor.ldt", make(0x02, 3, 0));
    descriptor("descriptor.not present", 0x00cf00000000ffffull | 0x72ull << 40);
    descriptor("descriptor.none", 0);
    show("descriptor.unaligned", hypercall_update_descriptor(((uint64_t)gdt.mfn << 12) + 4, 0));
    show("descriptor.no frame", hypercall_update_descriptor(0x00000ffffffff000ul, 0));
    show("gdt.too many", hypercall_set_gdt(&frame, 8192));
    show("gdt.hypervisor pointer", hypercall_set_gdt((void *)IN_HYPERVISOR, 512));
    frame = ~0ul >> 12;
    show("gdt.no frame", hypercall_set_gdt(&frame, 512));
    show("gdt.none", hypercall_set_gdt(&frame, 0));
    show("gdt.writable again", spare_map(gdt, ENTRY_PRESENT | ENTRY_WRITE));
}

static void bases(void)
{
    show("segment.fs", hypercall_set_segment_base(SEGBASE_FS, 0));
    show("segment.gs user", hypercall_set_segment_base(SEGBASE_GS_USER, 0));
    show("segment.fs not canonical", hypercall_set_segment_base(SEGBASE_FS, NOT_CANONICAL));
    show("segment.gs user not canonical",
         hypercall_set_segment_base(SEGBASE_GS_USER, NOT_CANONICAL));
    show("segment.gs kernel not canonical",
         hypercall_set_segment_base(SEGBASE_GS_KERNEL, NOT_CANONICAL));
    show("segment.fs in hypervisor", hypercall_set_segment_base(SEGBASE_FS, IN_HYPERVISOR));
    show("segment.fs back", hypercall_set_segment_base(SEGBASE_FS, 0));
    show("segment.selector", hypercall_set_segment_base(SEGBASE_GS_USER_SEL, 0));
    show("segment.unknown", hypercall_set_segment_base(9, 0));
}

static void debug_registers(void)
{
    show("debug.set 0", hypercall_set_debugreg(0, 0x1000));
    show("debug.get 0", hypercall_get_debugreg(0));
    show("debug.set 0 hypervisor", hypercall_set_debugreg(0, IN_HYPERVISOR));
    show("debug.set 0 not canonical", hypercall_set_debugreg(0, NOT_CANONICAL));
    show("debug.set 4", hypercall_set_debugreg(4, 0));
    show("debug.get 4", hypercall_get_debugreg(4));
    show("debug.set 7 general detect", hypercall_set_debugreg(7, 0x2000));
    show("debug.set 7 reserved", hypercall_set_debugreg(7, 0x400));
    show("debug.set 7 upper half", hypercall_set_debugreg(7, 1ul << 32));
    show("debug.get 7", hypercall_get_debugreg(7));
    show("debug.set 6", hypercall_set_debugreg(6, 0));
    show("debug.get 6", hypercall_get_debugreg(6));
    show("debug.set 9", hypercall_set_debugreg(9, 0));
    show("debug.get 9", hypercall_get_debugreg(9));
    show("debug.clear 0", hypercall_set_debugreg(0, 0));
}

static void callbacks(void)
{
    struct callback_register entry = {.type = 77, .address = 0x1000};
    struct callback_unregister gone = {.type = CALLBACKTYPE_syscall32};
    struct trap_info traps[2];
    show("callback.type 77", hypercall_callback_op(CALLBACKOP_register, &entry));
    entry.type = CALLBACKTYPE_syscall32;
    show("callback.syscall32", hypercall_callback_op(CALLBACKOP_register, &entry));
    entry.address = NOT_CANONICAL;
    show("callback.not canonical", hypercall_callback_op(CALLBACKOP_register, &entry));
    entry.type = CALLBACKTYPE_sysenter;
    entry.address = 0x1000;
    show("callback.sysenter", hypercall_callback_op(CALLBACKOP_register, &entry));
    show("callback.unregister syscall32", hypercall_callback_op(CALLBACKOP_unregister, &gone));
    gone.type = CALLBACKTYPE_event;
    show("callback.unregister event", hypercall_callback_op(CALLBACKOP_unregister, &gone));
    gone.type = 77;
    show("callback.unregister 77", hypercall_callback_op(CALLBACKOP_unregister, &gone));
    show("callback.unknown", hypercall_callback_op(9, &entry));
    show("callback.hypervisor pointer",
         hypercall_callback_op(CALLBACKOP_register, (void *)IN_HYPERVISOR));
    memset(traps, 0, sizeof(traps));
    traps[0].vector = 200;
    traps[0].cs = 0xe033;
    traps[0].address = NOT_CANONICAL;
    show("traps.not canonical", hypercall_set_trap_table(traps));
    traps[0].address = 0x1000;
    show("traps.one", hypercall_set_trap_table(traps));
    show("traps.hypervisor pointer", hypercall_set_trap_table((void *)IN_HYPERVISOR));
    show("traps.not mapped", hypercall_set_trap_table((void *)NOT_MAPPED));
}

void cases_segments(void)
{
    struct physdev_set_iopl iopl = {.iopl = 1};
    struct physdev_set_iobitmap bitmap;
    struct mmuext_op ldt = {.cmd = MMUEXT_SET_LDT, .arg1.linear_addr = 0, .arg2.nr_ents = 0};
    memset(&bitmap, 0, sizeof(bitmap));
    descriptors();
    bases();
    debug_registers();
    callbacks();
    show("iopl.1", hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl));
    iopl.iopl = 4;
    show("iopl.4", hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl));
    bitmap.nr_ports = 65537;
    show("iobitmap.too many", hypercall_physdev_op(PHYSDEVOP_set_iobitmap, &bitmap));
    bitmap.nr_ports = 0;
    show("iobitmap.none", hypercall_physdev_op(PHYSDEVOP_set_iobitmap, &bitmap));
    show("physdev.unknown", hypercall_physdev_op(99, &bitmap));
    show("ldt.none", hypercall_mmuext_op(&ldt, 1, NULL, DOMID_SELF));
    ldt.arg2.nr_ents = 8193;
    show("ldt.8193", hypercall_mmuext_op(&ldt, 1, NULL, DOMID_SELF));
    ldt.arg2.nr_ents = 1;
    ldt.arg1.linear_addr = 0x1001;
    show("ldt.unaligned", hypercall_mmuext_op(&ldt, 1, NULL, DOMID_SELF));
    ldt.arg1.linear_addr = IN_HYPERVISOR;
    show("ldt.hypervisor", hypercall_mmuext_op(&ldt, 1, NULL, DOMID_SELF));
    show("stack_switch.null", hypercall_stack_switch(0, 0x1000));
    show("stack_switch.flat", hypercall_stack_switch(0xe02b, 0x1000));
}
