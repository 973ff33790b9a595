/* SPDX-License-Identifier: MIT */
/* x86's share of xen.h: basic types, guest handles, trap-table entries, the context of a vCPU. */
#ifndef __XEN_PUBLIC_ARCH_X86_XEN_H__
#define __XEN_PUBLIC_ARCH_X86_XEN_H__

#ifndef __ASSEMBLY__
#include <stdint.h>

/*
 * A guest handle is a pointer of the guest's in a struct of its own, so that whoever serves the call
 * cannot dereference it by accident.
 */
#define ___DEFINE_XEN_GUEST_HANDLE(name, type) \
    typedef struct {                           \
        type *p;                               \
    } __guest_handle_##name
#define __DEFINE_XEN_GUEST_HANDLE(name, type) \
    ___DEFINE_XEN_GUEST_HANDLE(name, type);   \
    ___DEFINE_XEN_GUEST_HANDLE(const_##name, const type)
#define DEFINE_XEN_GUEST_HANDLE(name) __DEFINE_XEN_GUEST_HANDLE(name, name)
#define __XEN_GUEST_HANDLE(name)      __guest_handle_##name
#define XEN_GUEST_HANDLE(name)        __XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_PARAM(name)  XEN_GUEST_HANDLE(name)
#define XEN_GUEST_HANDLE_64(name)     XEN_GUEST_HANDLE(name)
#define set_xen_guest_handle_raw(hnd, val) \
    do {                                   \
        (hnd).p = (val);                   \
    } while (0)
#define set_xen_guest_handle(hnd, val)       set_xen_guest_handle_raw(hnd, val)
#define get_xen_guest_handle(val, hnd)       \
    do {                                     \
        (val) = (hnd).p;                     \
    } while (0)
#define uint64_aligned_t uint64_t __attribute__((aligned(8)))
#define int64_aligned_t  int64_t __attribute__((aligned(8)))

typedef unsigned long xen_pfn_t;
typedef unsigned long xen_ulong_t;
#define PRI_xen_pfn   "lx"
#define PRIu_xen_pfn  "lu"
#define PRI_xen_ulong "lx"

__DEFINE_XEN_GUEST_HANDLE(uchar, unsigned char);
__DEFINE_XEN_GUEST_HANDLE(uint, unsigned int);
__DEFINE_XEN_GUEST_HANDLE(ulong, unsigned long);
DEFINE_XEN_GUEST_HANDLE(char);
DEFINE_XEN_GUEST_HANDLE(int);
DEFINE_XEN_GUEST_HANDLE(void);
DEFINE_XEN_GUEST_HANDLE(uint64_t);
DEFINE_XEN_GUEST_HANDLE(xen_pfn_t);
DEFINE_XEN_GUEST_HANDLE(xen_ulong_t);
#endif

/* Descriptors 14 pages into the GDT, and all after them, are the hypervisor's. */
#define FIRST_RESERVED_GDT_PAGE  14
#define FIRST_RESERVED_GDT_BYTE  (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

#include "xen-x86_64.h"

/* vCPUs whose vcpu_info lies in shared_info; others must register a place of their own. */
#define XEN_LEGACY_MAX_VCPUS 32

#ifndef __ASSEMBLY__

/* A trap-table entry. flags: bits 1:0 the DPL for `int n`; bit 2 (TI): mask events on entry. */
struct trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    unsigned long address; /* 0 in the last entry of a list */
};
typedef struct trap_info trap_info_t;
DEFINE_XEN_GUEST_HANDLE(trap_info_t);
#define TI_GET_DPL(_ti)      ((_ti)->flags & 3)
#define TI_GET_IF(_ti)       ((_ti)->flags & 4)
#define TI_SET_DPL(_ti, _dpl) ((_ti)->flags |= (_dpl))
#define TI_SET_IF(_ti, _if)  ((_ti)->flags |= ((!!(_if)) << 2))

typedef uint64_t tsc_timestamp_t;

/*
 * All of a vCPU's state, as VCPUOP_initialise takes it and XEN_DOMCTL_{get,set}vcpucontext carry it.
 * 5168 bytes.
 */
struct vcpu_guest_context {
    struct {
        char x[512];
    } fpu_ctxt; /* FXSAVE image, used with VGCF_I387_VALID */
#define VGCF_I387_VALID                (1 << 0)
#define VGCF_IN_KERNEL                 (1 << 2)
#define _VGCF_i387_valid               0
#define VGCF_i387_valid                (1 << _VGCF_i387_valid)
#define _VGCF_in_kernel                2
#define VGCF_in_kernel                 (1 << _VGCF_in_kernel)
#define _VGCF_failsafe_disables_events 3
#define VGCF_failsafe_disables_events  (1 << _VGCF_failsafe_disables_events)
#define _VGCF_syscall_disables_events  4
#define VGCF_syscall_disables_events   (1 << _VGCF_syscall_disables_events)
#define _VGCF_online                   5
#define VGCF_online                    (1 << _VGCF_online)
    unsigned long flags; /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];
    unsigned long ldt_base, ldt_ents;
    unsigned long gdt_frames[16], gdt_ents;
    unsigned long kernel_ss, kernel_sp; /* stack for entries from user mode */
    unsigned long ctrlreg[8];           /* [1]: user base; [3]: kernel base, frame << 12 */
    unsigned long debugreg[8];
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_eip;
    unsigned long syscall_callback_eip;
    unsigned long vm_assist; /* VMASST_TYPE_* bits */
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};
typedef struct vcpu_guest_context vcpu_guest_context_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_guest_context_t);

/* The guest's own map of its memory, for tools that save or dump it (G writes all of it). */
struct arch_shared_info {
    unsigned long max_pfn;
    xen_pfn_t pfn_to_mfn_frame_list_list; /* 0: p2m_cr3 and p2m_vaddr say where the list is */
    unsigned long nmi_reason;             /* H */
    unsigned long p2m_cr3;
    unsigned long p2m_vaddr;
    unsigned long p2m_generation; /* odd while the p2m is being changed */
};
typedef struct arch_shared_info arch_shared_info_t;

#define _XEN_NMIREASON_io_error    0
#define XEN_NMIREASON_io_error     (1UL << _XEN_NMIREASON_io_error)
#define _XEN_NMIREASON_pci_serr    1
#define XEN_NMIREASON_pci_serr     (1UL << _XEN_NMIREASON_pci_serr)
#define _XEN_NMIREASON_unknown     2
#define XEN_NMIREASON_unknown      (1UL << _XEN_NMIREASON_unknown)

/* XEN_DOMCTL_createdomain's architectural part. */
struct xen_arch_domainconfig {
#define _XEN_X86_EMU_LAPIC   0
#define XEN_X86_EMU_LAPIC    (1U << _XEN_X86_EMU_LAPIC)
#define _XEN_X86_EMU_HPET    1
#define XEN_X86_EMU_HPET     (1U << _XEN_X86_EMU_HPET)
#define _XEN_X86_EMU_PM      2
#define XEN_X86_EMU_PM       (1U << _XEN_X86_EMU_PM)
#define _XEN_X86_EMU_RTC     3
#define XEN_X86_EMU_RTC      (1U << _XEN_X86_EMU_RTC)
#define _XEN_X86_EMU_IOAPIC  4
#define XEN_X86_EMU_IOAPIC   (1U << _XEN_X86_EMU_IOAPIC)
#define _XEN_X86_EMU_PIC     5
#define XEN_X86_EMU_PIC      (1U << _XEN_X86_EMU_PIC)
#define _XEN_X86_EMU_VGA     6
#define XEN_X86_EMU_VGA      (1U << _XEN_X86_EMU_VGA)
#define _XEN_X86_EMU_IOMMU   7
#define XEN_X86_EMU_IOMMU    (1U << _XEN_X86_EMU_IOMMU)
#define _XEN_X86_EMU_PIT     8
#define XEN_X86_EMU_PIT      (1U << _XEN_X86_EMU_PIT)
#define _XEN_X86_EMU_USE_PIRQ 9
#define XEN_X86_EMU_USE_PIRQ (1U << _XEN_X86_EMU_USE_PIRQ)
#define _XEN_X86_EMU_VPCI    10
#define XEN_X86_EMU_VPCI     (1U << _XEN_X86_EMU_VPCI)
    uint32_t emulation_flags; /* 0 for PV */
#define XEN_X86_MSR_RELAXED          (1u << 0)
#define XEN_X86_ASSISTED_XAPIC       (1u << 1)
#define XEN_X86_ASSISTED_X2APIC      (1u << 2)
    uint32_t misc_flags;
};

#define XEN_DOMCTL_MAX_VCPUS_PV 8192

#endif /* !__ASSEMBLY__ */

/*
 * `ud2; .ascii "xen"` before an instruction asks for its emulated result: the only way in which a
 * guest sees the CPUID that its domain was given.
 */
#ifdef __ASSEMBLY__
#define XEN_EMULATE_PREFIX .byte 0x0f, 0x0b, 0x78, 0x65, 0x6e;
#define XEN_CPUID          XEN_EMULATE_PREFIX cpuid
#else
#define XEN_EMULATE_PREFIX ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID          XEN_EMULATE_PREFIX "cpuid"
#endif

/* debug port of Bochs and QEMU that the hypervisor lets dom0 use; 1 byte */
#define XEN_HVM_DEBUGCONS_IOPORT 0xe9

#endif /* __XEN_PUBLIC_ARCH_X86_XEN_H__ */
