/* SPDX-License-Identifier: MIT */
/*
 * What the domain was started with.
 */
#ifndef PVK_START_H
#define PVK_START_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct start_info;
struct shared_info;

/* The page the domain builder left; valid for ever. */
const struct start_info *start_information(void);
/* The page shared with the hypervisor. */
struct shared_info *start_shared_info(void);
const char *start_command_line(void);
/* What we run on, in words: "a paravirtual guest", "bare hardware". */
const char *start_machine(void);
bool start_is_initial_domain(void);
/* From xenstore or the event channels; DOMID_INVALID (0x7ff4) when unknown. */
uint16_t start_domid(void);

#ifdef __cplusplus
}
#endif

#endif
