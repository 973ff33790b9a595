/* SPDX-License-Identifier: MIT */
/* Included before everything by the compiler's command line: what is only declared is in this image, too, and near. */
#pragma GCC visibility push(hidden)
