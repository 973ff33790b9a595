/* SPDX-License-Identifier: MIT */
/*
 * The protocol of the device "hello": a request carries a text, its response the same text in capitals
 * behind a greeting.
 *
 * | node                 | directory | who writes it | what                                   |
 * | greeting             | back      | the toolstack | optional: begins every answer          |
 * | max-length           | back      | the back end  | longest text of a request, in bytes    |
 * | ring-ref             | front     | the front end | grant of the ring's page               |
 * | event-channel        | front     | the front end | port that both ends ring               |
 */
#ifndef HELLO_H
#define HELLO_H

#include <stdint.h>
#include <public/io/ring.h>

#define HELLO_TEXT 48

struct hello_request {
    uint32_t id;     /* the front end's; comes back */
    uint32_t length; /* bytes of text, at most max-length */
    char text[HELLO_TEXT];
};

struct hello_response {
    uint32_t id;
    int32_t status;        /* 0, or HELLO_TOO_LONG */
    char text[HELLO_TEXT]; /* ends with a zero byte */
};

#define HELLO_TOO_LONG (-1)

DEFINE_RING_TYPES(hello, struct hello_request, struct hello_response);

#endif
