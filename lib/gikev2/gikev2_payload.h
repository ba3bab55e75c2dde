// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Payloads of RFC 7296 and RFC 9838 as C structures, and the chain of them
 * that makes a message.
 */
#ifndef GIKEV2_PAYLOAD_H
#define GIKEV2_PAYLOAD_H

#include "gikev2/gikev2_codec.h"
#include "gikev2/gikev2_proto.h"

#define GIKEV2_PAYLOADS_MAX 40

struct gikev2_transform {
	uint8_t type;
	uint16_t id;
	struct gikev2_list attrs; /* struct gikev2_attr */
};

struct gikev2_proposal {
	uint8_t number, protocol;
	struct gikev2_chunk spi;
	struct gikev2_list transforms; /* struct gikev2_transform */
};

/* SA, and SAg, which has the same layout (RFC 9838 section 4.3) */
struct gikev2_pld_sa {
	struct gikev2_list proposals; /* struct gikev2_proposal */
};

struct gikev2_pld_ke {
	uint16_t group;
	struct gikev2_chunk data;
};

/* IDi, IDr, IDg */
struct gikev2_pld_id {
	uint8_t type;
	struct gikev2_chunk data;
};

/* CERT, CERTREQ */
struct gikev2_pld_cert {
	uint8_t encoding;
	struct gikev2_chunk data;
};

struct gikev2_pld_auth {
	uint8_t method;
	struct gikev2_chunk data;
};

/* Nonce, Vendor ID */
struct gikev2_pld_octets {
	struct gikev2_chunk data;
};

struct gikev2_pld_notify {
	uint8_t protocol;
	uint16_t type;
	struct gikev2_chunk spi, data;
};

struct gikev2_pld_delete {
	uint8_t protocol, spi_size;
	uint16_t count;
	struct gikev2_chunk spis;
};

/* Traffic Selector substructure; addresses use 4 or 16 octets by type. */
struct gikev2_ts {
	uint8_t type; /* 7: IPv4, 8: IPv6 */
	uint8_t protocol;
	uint16_t start_port, end_port;
	uint8_t start[16], end[16];
};

/*
 * Policy substructure.  protocol 0 is the group-wide policy, of which only
 * attrs is used; otherwise protocol and body decide what is.
 */
struct gikev2_policy {
	uint8_t protocol; /* first: it picks the layout */
	struct gikev2_chunk spi;
	uint16_t auth_algo;
	struct gikev2_ts source, destination;
	struct gikev2_list transforms; /* struct gikev2_transform */
	struct gikev2_list attrs;      /* struct gikev2_attr */
	struct gikev2_chunk unknown;   /* body of a protocol not known here */
};

struct gikev2_pld_gsa {
	struct gikev2_list policies; /* struct gikev2_policy */
};

/* Key bag: group key bag, or member key bag when protocol is 0. */
struct gikev2_bag {
	uint8_t protocol; /* first: it picks the layout */
	struct gikev2_chunk spi;
	struct gikev2_list attrs; /* struct gikev2_attr */
};

struct gikev2_pld_kd {
	struct gikev2_list bags; /* struct gikev2_bag */
};

struct gikev2_payload {
	uint8_t type;
	struct gikev2_chunk body; /* as received, without generic header */
	union {
		struct gikev2_pld_sa sa;
		struct gikev2_pld_ke ke;
		struct gikev2_pld_id id;
		struct gikev2_pld_cert cert;
		struct gikev2_pld_auth auth;
		struct gikev2_pld_octets octets;
		struct gikev2_pld_notify notify;
		struct gikev2_pld_delete delete;
		struct gikev2_pld_gsa gsa;
		struct gikev2_pld_kd kd;
	};
};

struct gikev2_payloads {
	size_t count;
	uint32_t present;	  /* GIKEV2_PLD_BIT()s */
	uint8_t unknown_critical; /* type, after -CRITICAL_PAYLOAD */
	bool overflow;		  /* more were added than fit */
	struct gikev2_payload item[GIKEV2_PAYLOADS_MAX];
};

/* A set of payload types, as the transition table uses it. */
#define GIKEV2_PLD_BIT(type) (1u << ((type)-GIKEV2_PLD_SA))

/*
 * Parses a chain of payloads, `first` being the type of the first one, up to
 * the end of `in`.  Unknown payloads are skipped, unless critical.
 */
int gikev2_payloads_parse(struct gikev2_chunk in, uint8_t first,
			  struct gikev2_arena *arena,
			  struct gikev2_payloads *out);

/* Appends the chain; returns the type of its first payload. */
uint8_t gikev2_payloads_generate(const struct gikev2_payloads *payloads,
				 struct gikev2_buf *buf);

/* Appends one payload's body, without generic header. */
void gikev2_payload_generate_body(const struct gikev2_payload *payload,
				  struct gikev2_buf *buf);

/* Empties it; items are cleared when they are added. */
void gikev2_payloads_clear(struct gikev2_payloads *payloads);

/* The first payload of that type; NULL. */
struct gikev2_payload *gikev2_payload_find(struct gikev2_payloads *payloads,
					   uint8_t type);

/* Makes room for one more; with no room left, the last one is reused and
 * payloads->overflow says so. */
struct gikev2_payload *gikev2_payload_add(struct gikev2_payloads *payloads,
					  uint8_t type);

/* Adds a notify without SPI. */
void gikev2_notify_add(struct gikev2_payloads *payloads, uint16_t type,
		       const void *data, size_t len);

/* The first notify of that type; NULL. */
const struct gikev2_pld_notify *
gikev2_notify_find(const struct gikev2_payloads *payloads, uint16_t type);

/* The first error notify (type below 16384); NULL. */
const struct gikev2_pld_notify *
gikev2_notify_error(const struct gikev2_payloads *payloads);

/*
 * The attribute of that type.  1: found; 0: absent; -BAD_ATTRIBUTE: repeated,
 * or not TV where tv is true (and the other way round).
 */
int gikev2_attr_find(const struct gikev2_list *attrs, uint16_t type, bool tv,
		     const struct gikev2_attr **found);

#endif /* GIKEV2_PAYLOAD_H */
