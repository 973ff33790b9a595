/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's error numbers are the ABI's (public/errno.h); newlib numbers some differently.
 */
#include <errno.h>
#include <stddef.h>
#include <pvk/hypercall.h>

static const struct {
    short xen;
    short libc;
} hypercall_errors[] = {
    {35, EDEADLK},    {36, ENAMETOOLONG},  {37, ENOLCK},     {38, ENOSYS},       {39, ENOTEMPTY},
    {61, ENODATA},    {62, ETIME},         {74, EBADMSG},    {75, EOVERFLOW},    {84, EILSEQ},
    {88, ENOTSOCK},   {90, EMSGSIZE},      {91, EPROTOTYPE}, {92, ENOPROTOOPT},  {95, EOPNOTSUPP},
    {98, EADDRINUSE}, {99, EADDRNOTAVAIL}, {105, ENOBUFS},   {106, EISCONN},     {107, ENOTCONN},
    {110, ETIMEDOUT}, {111, ECONNREFUSED}, {114, EALREADY},  {115, EINPROGRESS},
};

int hypercall_error(long result)
{
    if (result >= 0) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(hypercall_errors) / sizeof(hypercall_errors[0]); i++) {
        if (-result == hypercall_errors[i].xen) {
            return -hypercall_errors[i].libc;
        }
    }
    return (int)result;
}
