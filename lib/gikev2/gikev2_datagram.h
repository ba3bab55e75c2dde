// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a datagram is, as far as its header says: for an owner of the engine that
 * has more than one way for them to go.  No octet behind the header is looked at,
 * and nothing of it is proven.
 *
 * Numbers of exchanges, and offsets for a filter in the kernel, are those of
 * gikev2_proto.h.
 */
#ifndef GIKEV2_DATAGRAM_H
#define GIKEV2_DATAGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gikev2/gikev2_proto.h"

enum gikev2_datagram_kind {
	GIKEV2_DATAGRAM_MALFORMED, /* no header, or of another length */
	GIKEV2_DATAGRAM_KEEPALIVE, /* NAT-T (RFC 3948 section 2.3) */
	GIKEV2_DATAGRAM_FIRST,	   /* IKE_SA_INIT request, as a stranger's */
	GIKEV2_DATAGRAM_OTHER,	   /* of an IKE SA or a Rekey SA, by its SPIs */
};

struct gikev2_datagram {
	enum gikev2_datagram_kind kind;
	/* of a header alone; of others 0 */
	uint8_t exchange; /* enum gikev2_exchange */
	bool initiator;	  /* its sender began the IKE SA */
	bool response;	  /* it answers a request */
	uint8_t spi_i[GIKEV2_SPI_LEN], spi_r[GIKEV2_SPI_LEN];
};

/*
 * Of `len` octets, received or to be sent; `natt`: through the NAT-T port, that is
 * with a marker in front.
 */
struct gikev2_datagram gikev2_datagram_look(bool natt, const uint8_t *octets,
					    size_t len);

#endif /* GIKEV2_DATAGRAM_H */
