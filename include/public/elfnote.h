/* SPDX-License-Identifier: MIT */
/*
 * ELF notes by which a guest kernel tells a domain builder how it wants to be loaded.
 * Owner string "Xen" (with its NUL), 4-byte padding, found in a PT_NOTE segment or an SHT_NOTE
 * section. Numbers may be stored in 4 or in 8 bytes.
 */
#ifndef __XEN_PUBLIC_ELFNOTE_H__
#define __XEN_PUBLIC_ELFNOTE_H__

#define XEN_ELFNOTE_INFO               0  /* string: several settings in one, legacy form */
#define XEN_ELFNOTE_ENTRY              1  /* number: virtual address of the first instruction */
#define XEN_ELFNOTE_HYPERCALL_PAGE     2  /* number: virtual address of a page to fill with stubs */
#define XEN_ELFNOTE_VIRT_BASE          3  /* number: virtual address of pseudo-physical 0 */
#define XEN_ELFNOTE_PADDR_OFFSET       4  /* number: subtracted from p_paddr before VIRT_BASE */
#define XEN_ELFNOTE_XEN_VERSION        5  /* string: "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS           6  /* string: name of the kernel */
#define XEN_ELFNOTE_GUEST_VERSION      7  /* string: its version */
#define XEN_ELFNOTE_LOADER             8  /* string: "generic" */
#define XEN_ELFNOTE_PAE_MODE           9  /* string: 32-bit kernels only */
#define XEN_ELFNOTE_FEATURES           10 /* string: "a|b|!c", where ! means required */
#define XEN_ELFNOTE_BSD_SYMTAB         11 /* string: "yes" asks for the symbol table in memory */
#define XEN_ELFNOTE_HV_START_LOW       12 /* number: lowest address the hypervisor may use */
#define XEN_ELFNOTE_L1_MFN_VALID       13 /* pairs mask, value: tells a frame number in an L1 entry */
#define XEN_ELFNOTE_SUSPEND_CANCEL     14 /* number: a suspend may be called off */
#define XEN_ELFNOTE_INIT_P2M           15 /* number: where to map the p2m list */
#define XEN_ELFNOTE_MOD_START_PFN      16 /* number: the initrd is given by frame, unmapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17 /* number: XENFEAT_* bits that the kernel knows */
#define XEN_ELFNOTE_PHYS32_ENTRY       18 /* number: 32-bit entry for PVH */
#define XEN_ELFNOTE_MAX                XEN_ELFNOTE_PHYS32_ENTRY

/* Notes in crash and core dumps; never in a kernel image. */
#define XEN_ELFNOTE_CRASH_INFO              0x1000001
#define XEN_ELFNOTE_CRASH_REGS              0x1000002
#define XEN_ELFNOTE_DUMPCORE_NONE           0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER         0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION    0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif
