/* SPDX-License-Identifier: MIT */
/*
 * Inside the store client.
 */
#ifndef XENBUS_CLIENT_H
#define XENBUS_CLIENT_H

/* A watch's token on the wire: its number in hexadecimal. `text` has 20 bytes. */
void xenbus_client_token(char *text, unsigned long token);

#endif
