/* SPDX-License-Identifier: MIT */
/*
 * The centre of the guest ABI: hypercall numbers, virtual interrupts, page-table operations, and the
 * two pages that guest and hypervisor share from the first instruction (shared_info, start_info).
 *
 * Names, numbers and layouts are those of Xen 4.17 for x86-64 PV guests. Who writes a field is said
 * beside it: (G) the guest, (H) the hypervisor, (T) the toolstack before the guest starts.
 */
#ifndef __XEN_PUBLIC_XEN_H__
#define __XEN_PUBLIC_XEN_H__

#include "xen-compat.h"

#if defined(__ASSEMBLY__)
#define xen_mk_uint(x)  x
#define xen_mk_ulong(x) x
#else
#define xen_mk_uint(x)  x##U
#define __xen_mk_ulong(x) x##UL
#define xen_mk_ulong(x) __xen_mk_ulong(x)
#endif

#include "arch-x86/xen.h"

/*
 * Hypercall numbers. Convention for x86-64 PV: `syscall` in guest-kernel mode, number in eax, arguments
 * in rdi, rsi, rdx, r10, r8, r9; the result (>= 0, or a negated errno.h value) comes back in rax; rcx
 * and r11 are lost to the instruction itself. Anything not listed returns -XEN_ENOSYS.
 */
#define __HYPERVISOR_set_trap_table        0
#define __HYPERVISOR_mmu_update            1
#define __HYPERVISOR_set_gdt               2
#define __HYPERVISOR_stack_switch          3
#define __HYPERVISOR_set_callbacks         4
#define __HYPERVISOR_fpu_taskswitch        5
#define __HYPERVISOR_sched_op_compat       6
#define __HYPERVISOR_platform_op           7
#define __HYPERVISOR_set_debugreg          8
#define __HYPERVISOR_get_debugreg          9
#define __HYPERVISOR_update_descriptor     10
#define __HYPERVISOR_memory_op             12
#define __HYPERVISOR_multicall             13
#define __HYPERVISOR_update_va_mapping     14
#define __HYPERVISOR_set_timer_op          15
#define __HYPERVISOR_event_channel_op_compat 16
#define __HYPERVISOR_xen_version           17
#define __HYPERVISOR_console_io            18
#define __HYPERVISOR_physdev_op_compat     19
#define __HYPERVISOR_grant_table_op        20
#define __HYPERVISOR_vm_assist             21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret                  23
#define __HYPERVISOR_vcpu_op               24
#define __HYPERVISOR_set_segment_base      25
#define __HYPERVISOR_mmuext_op             26
#define __HYPERVISOR_xsm_op                27
#define __HYPERVISOR_nmi_op                28
#define __HYPERVISOR_sched_op              29
#define __HYPERVISOR_callback_op           30
#define __HYPERVISOR_xenoprof_op           31
#define __HYPERVISOR_event_channel_op      32
#define __HYPERVISOR_physdev_op            33
#define __HYPERVISOR_hvm_op                34
#define __HYPERVISOR_sysctl                35
#define __HYPERVISOR_domctl                36
#define __HYPERVISOR_kexec_op              37
#define __HYPERVISOR_tmem_op               38
#define __HYPERVISOR_argo_op               39
#define __HYPERVISOR_xenpmu_op             40
#define __HYPERVISOR_dm_op                 41
#define __HYPERVISOR_hypfs_op              42
/* 48..55 belong to the architecture; 48 is the machine-check interface. */
#define __HYPERVISOR_arch_0                48
#define __HYPERVISOR_arch_1                49
#define __HYPERVISOR_arch_2                50
#define __HYPERVISOR_arch_3                51
#define __HYPERVISOR_arch_4                52
#define __HYPERVISOR_arch_5                53
#define __HYPERVISOR_arch_6                54
#define __HYPERVISOR_arch_7                55

/*
 * Virtual interrupts, bound to a port by EVTCHNOP_bind_virq. (V) one per vCPU; (G) one per domain, may
 * be bound on any vCPU; (P) needs the privilege of the control domain.
 */
#define VIRQ_TIMER     0  /* V.  a timer of this vCPU expired */
#define VIRQ_DEBUG     1  /* V.  a debug dump was asked for */
#define VIRQ_CONSOLE   2  /* G P the machine's console has input */
#define VIRQ_DOM_EXC   3  /* G P a domain shut down, crashed or died */
#define VIRQ_TBUF      4  /* G P the trace buffer passed its high-water mark */
#define VIRQ_DEBUGGER  6  /* G P a domain paused for its debugger */
#define VIRQ_XENOPROF  7  /* V.  profile samples are waiting */
#define VIRQ_CON_RING  8  /* G P the hypervisor's log ring grew */
#define VIRQ_PCPU_STATE 9 /* G P a physical CPU came or went */
#define VIRQ_MEM_EVENT 10 /* G P a memory event happened */
#define VIRQ_ARGO      11 /* G   a message arrived by argo */
#define VIRQ_ENOMEM    12 /* G P the heap ran low */
#define VIRQ_XENPMU    13 /* V.  a performance counter overflowed */
#define VIRQ_ARCH_0    16
#define VIRQ_ARCH_1    17
#define VIRQ_ARCH_2    18
#define VIRQ_ARCH_3    19
#define VIRQ_ARCH_4    20
#define VIRQ_ARCH_5    21
#define VIRQ_ARCH_6    22
#define VIRQ_ARCH_7    23
#define NR_VIRQS       24
#define VIRQ_MCA       VIRQ_ARCH_0 /* G P a machine check was recorded */

/* mmu_update: bits 1:0 of mmu_update.ptr choose the command; the rest is a machine address. */
#define MMU_NORMAL_PT_UPDATE      0 /* store val in the page-table entry at ptr */
#define MMU_MACHPHYS_UPDATE       1 /* machine-to-physical entry of frame ptr>>12 becomes val */
#define MMU_PT_UPDATE_PRESERVE_AD 2 /* as 0, but keep A and D bits that the processor sets meanwhile */
#define MMU_PT_UPDATE_NO_TRANSLATE 3 /* as 0; the frame in val is never translated */

/* mmuext_op.cmd */
#define MMUEXT_PIN_L1_TABLE      0
#define MMUEXT_PIN_L2_TABLE      1
#define MMUEXT_PIN_L3_TABLE      2
#define MMUEXT_PIN_L4_TABLE      3
#define MMUEXT_UNPIN_TABLE       4
#define MMUEXT_NEW_BASEPTR       5
#define MMUEXT_TLB_FLUSH_LOCAL   6
#define MMUEXT_INVLPG_LOCAL      7
#define MMUEXT_TLB_FLUSH_MULTI   8
#define MMUEXT_INVLPG_MULTI      9
#define MMUEXT_TLB_FLUSH_ALL     10
#define MMUEXT_INVLPG_ALL        11
#define MMUEXT_FLUSH_CACHE       12
#define MMUEXT_SET_LDT           13
#define MMUEXT_NEW_USER_BASEPTR  15
#define MMUEXT_CLEAR_PAGE        16
#define MMUEXT_COPY_PAGE         17
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER        19
#define MMUEXT_UNMARK_SUPER      20

#ifndef __ASSEMBLY__
/*
 * One extended page-table operation. arg1: a frame number (pin, base pointers, clear, copy) or a linear
 * address (invlpg, set_ldt). arg2: number of LDT entries; guest pointer to a vCPU bitmap (MULTI); source
 * frame (copy).
 */
struct mmuext_op {
    unsigned int cmd;
    union {
        xen_pfn_t mfn;
        unsigned long linear_addr;
    } arg1;
    union {
        unsigned int nr_ents;
        XEN_GUEST_HANDLE(const_void) vcpumask;
        xen_pfn_t src_mfn;
    } arg2;
};
typedef struct mmuext_op mmuext_op_t;
DEFINE_XEN_GUEST_HANDLE(mmuext_op_t);
#endif

/*
 * update_va_mapping flags: what to flush (bits 1:0), and on which vCPUs. UVMF_MULTI together with a guest
 * pointer to a vCPU bitmap (or'ed into the same word) limits a flush to the CPUs those vCPUs run on.
 */
#define UVMF_NONE           (xen_mk_ulong(0) << 0)
#define UVMF_TLB_FLUSH      (xen_mk_ulong(1) << 0)
#define UVMF_INVLPG         (xen_mk_ulong(2) << 0)
#define UVMF_FLUSHTYPE_MASK (xen_mk_ulong(3) << 0)
#define UVMF_MULTI          (xen_mk_ulong(0) << 2)
#define UVMF_LOCAL          (xen_mk_ulong(0) << 2)
#define UVMF_ALL            (xen_mk_ulong(1) << 2)

/* console_io commands. write: (count, char *); read returns the bytes copied. */
#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

/* vm_assist commands and types. */
#define VMASST_CMD_enable                0
#define VMASST_CMD_disable               1
#define VMASST_TYPE_4gb_segments         0
#define VMASST_TYPE_4gb_segments_notify  1
#define VMASST_TYPE_writable_pagetables  2 /* a store to a live L1 entry is carried out as an update */
#define VMASST_TYPE_pae_extended_cr3     3
#define VMASST_TYPE_architectural_iopl   4 /* the guest sees its virtual IOPL in its flags */
#define VMASST_TYPE_runstate_update_flag 5 /* XEN_RUNSTATE_UPDATE marks a copy in progress */
#define VMASST_TYPE_m2p_strict           32
#define MAX_VMASST_TYPE                  3

/* Domain ids. A real one is below DOMID_FIRST_RESERVED. */
#define DOMID_FIRST_RESERVED xen_mk_uint(0x7FF0)
#define DOMID_SELF           xen_mk_uint(0x7FF0) /* the caller */
#define DOMID_IO             xen_mk_uint(0x7FF1) /* owner of frames that are not RAM */
#define DOMID_XEN            xen_mk_uint(0x7FF2) /* owner of frames the hypervisor shares read-only */
#define DOMID_COW            xen_mk_uint(0x7FF3)
#define DOMID_INVALID        xen_mk_uint(0x7FF4)
#define DOMID_IDLE           xen_mk_uint(0x7FFF)
#define DOMID_MASK           xen_mk_uint(0x7FFF)

#ifndef __ASSEMBLY__

typedef uint16_t domid_t;

/* One page-table update. ptr: machine address of the entry | command. val: the new entry, or a pfn. */
struct mmu_update {
    uint64_t ptr;
    uint64_t val;
};
typedef struct mmu_update mmu_update_t;
DEFINE_XEN_GUEST_HANDLE(mmu_update_t);

/* One call of a multicall list: op and args in (G), result out (H). */
struct multicall_entry {
    xen_ulong_t op, result;
    xen_ulong_t args[6];
};
typedef struct multicall_entry multicall_entry_t;
DEFINE_XEN_GUEST_HANDLE(multicall_entry_t);

/* 2-level event channels: one bit per port, a word of selectors per vCPU: 64 * 64 ports. */
#define EVTCHN_2L_NR_CHANNELS (sizeof(xen_ulong_t) * sizeof(xen_ulong_t) * 64)

/*
 * Time of one vCPU, read without a hypercall. The reader takes version, waits while it is odd, reads
 * the fields, and starts again if version changed. With t = rdtsc() - tsc_timestamp shifted left by
 * tsc_shift (right when negative), now = system_time + ((t * tsc_to_system_mul) >> 32) nanoseconds.
 */
struct vcpu_time_info {
    uint32_t version; /* H */
    uint32_t pad0;
    uint64_t tsc_timestamp; /* H: TSC at system_time */
    uint64_t system_time;   /* H: ns since the hypervisor started */
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags; /* XEN_PVCLOCK_* */
    uint8_t pad1[2];
};
typedef struct vcpu_time_info vcpu_time_info_t;
#define XEN_PVCLOCK_TSC_STABLE_BIT (1 << 0) /* one vCPU's reading is valid on every other */
#define XEN_PVCLOCK_GUEST_STOPPED  (1 << 1) /* the domain was stopped for a while */

/* One vCPU's part of shared_info (or of the page named by VCPUOP_register_vcpu_info). 64 bytes. */
struct vcpu_info {
    uint8_t evtchn_upcall_pending;   /* H sets, G clears: some port may be pending */
    uint8_t evtchn_upcall_mask;      /* G: 1 holds upcalls back; H sets it on entry to one */
    xen_ulong_t evtchn_pending_sel;  /* H sets, G clears: words of evtchn_pending to look at */
    struct arch_vcpu_info arch;
    struct vcpu_time_info time;
};
typedef struct vcpu_info vcpu_info_t;

/* The page shared by a domain and the hypervisor. */
struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8]; /* H sets, G clears */
    xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];    /* G */
    uint32_t wc_version; /* wall clock at system time 0; version as in vcpu_time_info */
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct arch_shared_info arch;
};
typedef struct shared_info shared_info_t;

#define MAX_GUEST_CMDLINE 1024
/*
 * What a PV guest finds at the address in rsi when it starts (T). Frame numbers are machine frames;
 * shared_info is a machine address; the rest are virtual addresses unless a flag says otherwise.
 */
struct start_info {
    char magic[32];            /* "xen-3.0-x86_64" */
    unsigned long nr_pages;    /* pages given to this domain */
    unsigned long shared_info; /* machine ADDRESS of shared_info */
    uint32_t flags;            /* SIF_* */
    xen_pfn_t store_mfn;       /* xenstore ring's machine frame */
    uint32_t store_evtchn;     /* its port */
    union {
        struct {
            xen_pfn_t mfn;   /* console ring's machine frame */
            uint32_t evtchn; /* its port */
        } domU;
        struct {
            uint32_t info_off;  /* offset of dom0_vga_console_info from start_info */
            uint32_t info_size; /* its size */
        } dom0;
    } console;
    unsigned long pt_base;       /* the bootstrap L4 */
    unsigned long nr_pt_frames;  /* bootstrap page-table frames, one after another */
    unsigned long mfn_list;      /* pfn -> mfn, nr_pages entries */
    unsigned long mod_start;     /* initrd: address, or pfn with SIF_MOD_START_PFN */
    unsigned long mod_len;       /* its bytes */
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    unsigned long first_p2m_pfn; /* with INIT_P2M: first frame of list and its tables */
    unsigned long nr_p2m_frames; /* how many those are */
};
typedef struct start_info start_info_t;

#define console_mfn    console.domU.mfn
#define console_evtchn console.domU.evtchn

#define SIF_PRIVILEGED      (1 << 0)    /* the control domain's rights */
#define SIF_INITDOMAIN      (1 << 1)    /* the first domain */
#define SIF_MULTIBOOT_MOD   (1 << 2)    /* mod_start is a multiboot module list */
#define SIF_MOD_START_PFN   (1 << 3)    /* mod_start is a pfn */
#define SIF_VIRT_P2M_4TOOLS (1 << 4)    /* the tools can read a virtually mapped p2m */
#define SIF_PM_MASK         (0xFF << 8) /* power-management options */

/* With SIF_MULTIBOOT_MOD: one entry per module. Addresses are relative to mod_start. */
struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end; /* exclusive */
    uint32_t cmdline;
    uint32_t pad;
};

/* The screen dom0 may take over. video_type chooses the union's member. */
typedef struct dom0_vga_console_info {
    uint8_t video_type;
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB    0x23
#define XEN_VGATYPE_EFI_LFB     0x70
    union {
        struct {
            uint16_t font_height; /* pixels */
            uint16_t cursor_x, cursor_y;
            uint16_t rows, columns;
        } text_mode_3;
        struct {
            uint16_t width, height; /* pixels */
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;
            uint32_t lfb_size; /* 64 KiB units */
            uint8_t red_pos, red_size;
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base;
        } vesa_lfb;
    } u;
} dom0_vga_console_info_t;
#define xen_vga_console_info   dom0_vga_console_info
#define xen_vga_console_info_t dom0_vga_console_info_t

typedef uint8_t xen_domain_handle_t[16];

__DEFINE_XEN_GUEST_HANDLE(uint8, uint8_t);
__DEFINE_XEN_GUEST_HANDLE(uint16, uint16_t);
__DEFINE_XEN_GUEST_HANDLE(uint32, uint32_t);
__DEFINE_XEN_GUEST_HANDLE(uint64, uint64_t);

/* A bitmap handed to domctl and sysctl: nr_bits bits in bytes, least significant first. */
struct xenctl_bitmap {
    XEN_GUEST_HANDLE_64(uint8) bitmap;
    uint32_t nr_bits;
};
typedef struct xenctl_bitmap xenctl_bitmap_t;

#endif /* !__ASSEMBLY__ */

#endif /* __XEN_PUBLIC_XEN_H__ */
