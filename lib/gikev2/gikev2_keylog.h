// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Key log: the keys of SAs, so that a capture of their datagrams can be read.
 * Whoever has them reads everything, the group's keys included: for a lab, and
 * off unless asked for.
 */
#ifndef GIKEV2_KEYLOG_H
#define GIKEV2_KEYLOG_H

#include "gikev2/gikev2.h"
#include "gikev2/gikev2_crypto.h"

/* Longest line of the key log, with its NUL. */
#define GIKEV2_KEYLOG_LINE_MAX 640

/*
 * Keys of an IKE SA, by direction: "i" is what its original initiator sends.
 * A Rekey SA has one direction, here given for both, and its SPI of 16 octets
 * is spi_i | spi_r.  All octets are the engine's, good during the call.
 */
struct gikev2_keylog {
	const uint8_t *spi_i, *spi_r; /* 8 octets each */
	const struct gikev2_encr *encr;
	const struct gikev2_integ *integ; /* NULL with AEAD */
	const uint8_t *sk_ei,
		*sk_er; /* encr->key_len + encr->salt_len octets */
	const uint8_t *sk_ai, *sk_ar; /* integ->key_len octets */
};

/*
 * From now on calls `log` (with the `arg` of gikev2_new()) for every SA that
 * gets keys, and at once for those that have them.  NULL: no more.
 */
void gikev2_set_keylog(struct gikev2 *engine,
		       void (*log)(void *arg,
				   const struct gikev2_keylog *keys));

/*
 * One line, "\n" included, of Wireshark's file ikev2_decryption_table.  For a
 * cipher that Wireshark cannot decrypt it is a comment that says so.  The length
 * without NUL, or -LIMIT when it does not fit.
 */
int gikev2_keylog_line(const struct gikev2_keylog *keys, char *buf,
		       size_t size);

#endif /* GIKEV2_KEYLOG_H */
