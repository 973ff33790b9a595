/* SPDX-License-Identifier: MIT */
/*
 * The error numbers that a hypercall returns, negated. Linux's numbers, under names of their own.
 * A file that defines XEN_ERRNO(name, value) before including this gets the list expanded by it instead.
 */
#ifndef XEN_ERRNO
#ifndef __XEN_PUBLIC_ERRNO_H__
#define __XEN_PUBLIC_ERRNO_H__
#ifndef __ASSEMBLY__
#define XEN_ERRNO(name, value) XEN_##name = value,
enum xen_errno {
#define XEN_ERRNO_OPENED
#endif
#endif
#endif

#ifdef XEN_ERRNO
XEN_ERRNO(EPERM, 1)         /* the caller may not */
XEN_ERRNO(ENOENT, 2)        /* no such thing (a vCPU, mostly) */
XEN_ERRNO(ESRCH, 3)         /* no such domain */
XEN_ERRNO(EINTR, 4)         /* interrupted */
XEN_ERRNO(EIO, 5)           /* a device failed */
XEN_ERRNO(ENXIO, 6)         /* no such device or place */
XEN_ERRNO(E2BIG, 7)         /* the list is too long */
XEN_ERRNO(ENOEXEC, 8)       /* no such format */
XEN_ERRNO(EBADF, 9)         /* bad handle */
XEN_ERRNO(ECHILD, 10)
XEN_ERRNO(EAGAIN, 11)       /* try again */
XEN_ERRNO(EWOULDBLOCK, 11)
XEN_ERRNO(ENOMEM, 12)       /* no memory left, for this domain or at all */
XEN_ERRNO(EACCES, 13)       /* a wrong interface version, or a forbidden access */
XEN_ERRNO(EFAULT, 14)       /* a guest pointer could not be read or written */
XEN_ERRNO(EBUSY, 16)        /* in use, otherwise typed or mapped */
XEN_ERRNO(EEXIST, 17)       /* already there */
XEN_ERRNO(EXDEV, 18)
XEN_ERRNO(ENODEV, 19)       /* no such device */
XEN_ERRNO(ENOTDIR, 20)
XEN_ERRNO(EISDIR, 21)
XEN_ERRNO(EINVAL, 22)       /* an argument makes no sense */
XEN_ERRNO(ENFILE, 23)
XEN_ERRNO(EMFILE, 24)
XEN_ERRNO(ENOSPC, 28)       /* a table is full */
XEN_ERRNO(EROFS, 30)
XEN_ERRNO(EMLINK, 31)
XEN_ERRNO(EDOM, 33)
XEN_ERRNO(ERANGE, 34)       /* out of range */
XEN_ERRNO(EDEADLK, 35)
XEN_ERRNO(EDEADLOCK, 35)
XEN_ERRNO(ENAMETOOLONG, 36)
XEN_ERRNO(ENOLCK, 37)
XEN_ERRNO(ENOSYS, 38)       /* no such call or sub-operation */
XEN_ERRNO(ENOTEMPTY, 39)
XEN_ERRNO(ENODATA, 61)      /* nothing recorded */
XEN_ERRNO(ETIME, 62)        /* the moment has passed */
XEN_ERRNO(EBADMSG, 74)
XEN_ERRNO(EOVERFLOW, 75)    /* a value does not fit */
XEN_ERRNO(EILSEQ, 84)
XEN_ERRNO(ERESTART, 85)     /* internal to the hypervisor: call again */
XEN_ERRNO(EUSERS, 87)
XEN_ERRNO(ENOTSOCK, 88)
XEN_ERRNO(EMSGSIZE, 90)
XEN_ERRNO(EOPNOTSUPP, 95)   /* known, and not offered here */
XEN_ERRNO(EADDRINUSE, 98)
XEN_ERRNO(EADDRNOTAVAIL, 99)
XEN_ERRNO(ENOBUFS, 105)     /* the buffer is too small */
XEN_ERRNO(EISCONN, 106)
XEN_ERRNO(ENOTCONN, 107)
XEN_ERRNO(ETIMEDOUT, 110)
XEN_ERRNO(ECONNREFUSED, 111)
#undef XEN_ERRNO
#ifdef XEN_ERRNO_OPENED
#undef XEN_ERRNO_OPENED
};
#endif
#endif
