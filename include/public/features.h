/* SPDX-License-Identifier: MIT */
/*
 * Features: bit numbers in the answer of XENVER_get_features (submap 0) and in the ELF note
 * SUPPORTED_FEATURES.
 */
#ifndef __XEN_PUBLIC_FEATURES_H__
#define __XEN_PUBLIC_FEATURES_H__

#define XENFEAT_writable_page_tables       0  /* stores to page tables need no hypercall */
#define XENFEAT_writable_descriptor_tables 1  /* the same for GDT and LDT pages */
#define XENFEAT_auto_translated_physmap    2  /* frame numbers are pseudo-physical (HVM) */
#define XENFEAT_supervisor_mode_kernel     3  /* the guest kernel runs in ring 0 */
#define XENFEAT_pae_pgdir_above_4gb        4  /* a 32-bit top table may lie anywhere */
#define XENFEAT_mmu_pt_update_preserve_ad  5  /* MMU_PT_UPDATE_PRESERVE_AD works */
#define XENFEAT_highmem_assist             6  /* gnttab_cache and clear/copy page (32-bit) */
#define XENFEAT_gnttab_map_avail_bits      7  /* GNTMAP_guest_avail* reach the entry */
#define XENFEAT_hvm_callback_vector        8  /* event callback by vector (HVM) */
#define XENFEAT_hvm_safe_pvclock           9  /* pvclock usable in HVM */
#define XENFEAT_hvm_pirqs                  10 /* PIRQs for HVM */
#define XENFEAT_dom0                       11 /* can be, or is, the initial domain */
#define XENFEAT_memory_op_vnode_supported  13 /* XENMEMF_vnode */
#define XENFEAT_ARM_SMCCC_supported        14 /* Arm only */
#define XENFEAT_linux_rsdp_unrestricted    15 /* the RSDP may lie above 4 GiB */
#define XENFEAT_not_direct_mapped          16 /* the domain's memory is not machine-identical */
#define XENFEAT_direct_mapped              17 /* it is */

#define XENFEAT_NR_SUBMAPS 1

#endif
