// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a datagram is, as far as its header says.
 */
#include <string.h>

#include "gikev2/gikev2_datagram.h"
#include "gikev2/gikev2_nat.h"

/* A responder has no SPI before it has answered (RFC 7296 section 3.1). */
static bool is_first(const struct gikev2_header *header)
{
	static const uint8_t zero[GIKEV2_SPI_LEN];

	return header->exchange == GIKEV2_IKE_SA_INIT &&
	       header->flags & GIKEV2_FLAG_I &&
	       !(header->flags & GIKEV2_FLAG_R) &&
	       memcmp(header->spi_r, zero, sizeof(zero)) == 0;
}

struct gikev2_datagram gikev2_datagram_look(bool natt, const uint8_t *octets,
					    size_t len)
{
	struct gikev2_datagram datagram = { .kind = GIKEV2_DATAGRAM_MALFORMED };
	struct gikev2_chunk raw = { octets, len };
	int ret = natt ? gikev2_nat_unframe(&raw) : 0;
	struct gikev2_header header;

	if (ret == GIKEV2_KEEPALIVE)
		datagram.kind = GIKEV2_DATAGRAM_KEEPALIVE;
	if (ret || raw.len < GIKEV2_HEADER_LEN)
		return datagram;
	gikev2_header_get(raw.ptr, &header);
	if (header.length != raw.len)
		return datagram;
	datagram.kind = is_first(&header) ? GIKEV2_DATAGRAM_FIRST
					  : GIKEV2_DATAGRAM_OTHER;
	datagram.exchange = header.exchange;
	datagram.initiator = header.flags & GIKEV2_FLAG_I;
	datagram.response = header.flags & GIKEV2_FLAG_R;
	memcpy(datagram.spi_i, header.spi_i, sizeof(datagram.spi_i));
	memcpy(datagram.spi_r, header.spi_r, sizeof(datagram.spi_r));
	return datagram;
}
