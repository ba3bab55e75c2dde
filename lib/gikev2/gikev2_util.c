// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities, addresses, octets, and what maps reasons to notifies.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "gikev2/gikev2_cert.h"
#include "gikev2/gikev2_int.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------------ octets */

int gikev2_octets_set(struct gikev2_octets *octets, const uint8_t *ptr,
		      size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		return -GIKEV2_ERR_NO_MEMORY;
	memcpy(copy, ptr, len);
	gikev2_octets_free(octets);
	octets->ptr = copy;
	octets->len = len;
	return 0;
}

void gikev2_octets_free(struct gikev2_octets *octets)
{
	if (octets->ptr)
		explicit_bzero(octets->ptr, octets->len);
	free(octets->ptr);
	*octets = (struct gikev2_octets){ 0 };
}

/* -------------------------------------------------------------- identities */

/* FNV-1a, with the seed in the place of its basis. */
uint64_t gikev2_id_hash(const struct gikev2_id *id, uint64_t seed)
{
	uint64_t hash = seed ^ id->type;

	for (size_t i = 0; i < id->len; i++)
		hash = (hash ^ id->data[i]) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 32;
}

bool gikev2_id_equal(const struct gikev2_id *a, const struct gikev2_id *b)
{
	return a->type == b->type && a->len == b->len &&
	       memcmp(a->data, b->data, a->len) == 0;
}

int gikev2_id_fold(struct gikev2_id *id)
{
	const uint8_t *at;
	size_t i = 0;

	if (id->type == GIKEV2_ID_DER_ASN1_DN)
		return gikev2_dn_fold(id);
	at = memrchr(id->data, '@', id->len);
	/* who is behind a domain is for the domain to say */
	if (id->type == GIKEV2_ID_RFC822_ADDR)
		i = at ? at - id->data : id->len;
	else if (id->type != GIKEV2_ID_FQDN)
		i = id->len;
	for (; i < id->len; i++)
		if (id->data[i] >= 'A' && id->data[i] <= 'Z')
			id->data[i] += 'a' - 'A';
	return 0;
}

struct gikev2_chunk gikev2_id_chunk(const struct gikev2_id *id)
{
	return (struct gikev2_chunk){ id->data, id->len };
}

struct gikev2_id *gikev2_id_dup(const struct gikev2_id *id)
{
	size_t size = offsetof(struct gikev2_id, data) + id->len;
	struct gikev2_id *copy = malloc(size);

	return copy ? memcpy(copy, id, size) : NULL;
}

int gikev2_id_from_payload(struct gikev2_id *id,
			   const struct gikev2_pld_id *payload)
{
	if (payload->data.len > GIKEV2_ID_MAX)
		return -GIKEV2_ERR_LIMIT;
	id->type = payload->type;
	id->len = payload->data.len;
	memcpy(id->data, payload->data.ptr, payload->data.len);
	return 0;
}

static const struct {
	uint8_t type;
	const char *name;
} id_types[] = {
	{ GIKEV2_ID_IPV4_ADDR, "address" }, { GIKEV2_ID_FQDN, "fqdn" },
	{ GIKEV2_ID_RFC822_ADDR, "email" }, { GIKEV2_ID_IPV6_ADDR, "address" },
	{ GIKEV2_ID_DER_ASN1_DN, "dn" },    { GIKEV2_ID_KEY_ID, "key-id" },
};

static const char *id_type_name(uint8_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(id_types); i++)
		if (id_types[i].type == type)
			return id_types[i].name;
	return NULL;
}

/* Appends at `len`, as far as there is room; returns the length wanted. */
static size_t append_printable(const struct gikev2_id *id, char *buf,
			       size_t size, size_t len)
{
	for (size_t i = 0; i < id->len; i++) {
		bool plain = isascii(id->data[i]) && isgraph(id->data[i]) &&
			     id->data[i] != '\\';

		len += snprintf(len < size ? buf + len : NULL,
				len < size ? size - len : 0,
				plain ? "%c" : "\\x%02x", id->data[i]);
	}
	return len;
}

const char *gikev2_id_text(const struct gikev2_id *id, char *buf, size_t size)
{
	const char *name = id_type_name(id->type);
	size_t len;

	if (id->type == GIKEV2_ID_NONE) {
		snprintf(buf, size, "none");
		return buf;
	}
	if (name)
		len = snprintf(buf, size, "%s ", name);
	else
		len = snprintf(buf, size, "type-%u ", id->type);
	if (id->type == GIKEV2_ID_IPV4_ADDR && id->len == 4 && len < size)
		inet_ntop(AF_INET, id->data, buf + len, size - len);
	else if (id->type == GIKEV2_ID_IPV6_ADDR && id->len == 16 && len < size)
		inet_ntop(AF_INET6, id->data, buf + len, size - len);
	else if (id->type != GIKEV2_ID_DER_ASN1_DN || len >= size ||
		 !gikev2_dn_text(id, buf + len, size - len))
		append_printable(id, buf, size, len);
	return buf;
}

bool gikev2_endpoint_equal(const struct gikev2_endpoint *a,
			   const struct gikev2_endpoint *b)
{
	return a->family == b->family && a->port == b->port &&
	       memcmp(a->ip, b->ip, a->family == 4 ? 4 : 16) == 0;
}

bool gikev2_endpoint_multicast(const struct gikev2_endpoint *endpoint)
{
	return endpoint->family == 4
		       ? (endpoint->ip[0] & 0xf0) == 0xe0
		       : endpoint->family == 6 && endpoint->ip[0] == 0xff;
}

const char *gikev2_endpoint_text(const struct gikev2_endpoint *endpoint,
				 char *buf, size_t size)
{
	char ip[INET6_ADDRSTRLEN] = "?";

	if (endpoint->family == 0) {
		snprintf(buf, size, "-");
		return buf;
	}
	inet_ntop(endpoint->family == 4 ? AF_INET : AF_INET6, endpoint->ip, ip,
		  sizeof(ip));
	snprintf(buf, size, endpoint->family == 4 ? "%s:%u" : "[%s]:%u", ip,
		 endpoint->port);
	return buf;
}

/* ------------------------------------------------------------------ events */

const char *gikev2_event_text(enum gikev2_event_type type)
{
	static const char *const texts[] = {
#define X(name, text) text,
		GIKEV2_EVENTS(X)
#undef X
	};

	return type < GIKEV2_EVENT_MAX ? texts[type] : "unknown event";
}

const char *gikev2_event_name(enum gikev2_event_type type)
{
	static const char *const names[] = {
#define X(name, text) #name,
		GIKEV2_EVENTS(X)
#undef X
	};

	return type < GIKEV2_EVENT_MAX ? names[type] : "UNKNOWN";
}

/* ---------------------------------------------------------------- notifies */

static const struct {
	enum gikev2_err err;
	uint16_t notify;
} notifies[] = {
	/* the first with a notify is what the notify means when received */
	{ GIKEV2_ERR_BAD_SYNTAX, GIKEV2_N_INVALID_SYNTAX },
	{ GIKEV2_ERR_BAD_ATTRIBUTE, GIKEV2_N_INVALID_SYNTAX },
	{ GIKEV2_ERR_BAD_PAYLOADS, GIKEV2_N_INVALID_SYNTAX },
	{ GIKEV2_ERR_BAD_STATE, GIKEV2_N_INVALID_SYNTAX },
	{ GIKEV2_ERR_BAD_EXCHANGE, GIKEV2_N_INVALID_SYNTAX },
	{ GIKEV2_ERR_LIMIT, GIKEV2_N_INVALID_SYNTAX },
	{ GIKEV2_ERR_CRITICAL_PAYLOAD, GIKEV2_N_UNSUPPORTED_CRITICAL_PAYLOAD },
	{ GIKEV2_ERR_UNKNOWN_SPI, GIKEV2_N_INVALID_IKE_SPI },
	{ GIKEV2_ERR_STATE_NOT_FOUND, GIKEV2_N_STATE_NOT_FOUND },
	{ GIKEV2_ERR_NO_PROPOSAL, GIKEV2_N_NO_PROPOSAL_CHOSEN },
	{ GIKEV2_ERR_BAD_POLICY, GIKEV2_N_NO_PROPOSAL_CHOSEN },
	{ GIKEV2_ERR_BAD_KEY, GIKEV2_N_NO_PROPOSAL_CHOSEN },
	{ GIKEV2_ERR_SELECTORS, GIKEV2_N_NO_PROPOSAL_CHOSEN },
	{ GIKEV2_ERR_TUNNEL_MODE, GIKEV2_N_NO_PROPOSAL_CHOSEN },
	{ GIKEV2_ERR_AUTH_FAILED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_NO_CREDENTIAL, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_PPK, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_AUTH_METHOD, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_BAD_SIGNATURE, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_SIGNATURE_ALGORITHM, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_HASH_NOT_ALLOWED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_KEY_REFUSED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_MISSING, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_CHAIN, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_MALFORMED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_USAGE, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_WEAK, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_UNTRUSTED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_NOT_YET_VALID, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_EXPIRED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_REVOKED, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_CRL, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_CERT_NAME, GIKEV2_N_AUTHENTICATION_FAILED },
	{ GIKEV2_ERR_INVALID_GROUP, GIKEV2_N_INVALID_GROUP_ID },
	{ GIKEV2_ERR_NOT_AUTHORIZED, GIKEV2_N_AUTHORIZATION_FAILED },
	{ GIKEV2_ERR_REGISTRATION_FAILED, GIKEV2_N_REGISTRATION_FAILED },
	{ GIKEV2_ERR_MEMBER_LIMIT, GIKEV2_N_REGISTRATION_FAILED },
	{ GIKEV2_ERR_OTHER_PROOF, GIKEV2_N_REGISTRATION_FAILED },
	{ GIKEV2_ERR_TOO_OFTEN, GIKEV2_N_REGISTRATION_FAILED },
	{ GIKEV2_ERR_NO_MEMORY, GIKEV2_N_REGISTRATION_FAILED },
};

uint16_t gikev2_err_to_notify(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(notifies); i++)
		if ((int)notifies[i].err == abs(err))
			return notifies[i].notify;
	return 0;
}

int gikev2_err_from_notify(uint16_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(notifies); i++)
		if (notifies[i].notify == type)
			return -notifies[i].err;
	return -GIKEV2_ERR_UNEXPECTED_NOTIFY;
}
