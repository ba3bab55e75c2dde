// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Patterns of identities.  No libfrr in here, so that the unit test needs none.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gikev2/gikev2_cert.h"
#include "mrkmd/mrkm_pattern.h"

struct prefix_text {
	uint8_t type; /* GIKEV2_ID_IPV4_ADDR, GIKEV2_ID_IPV6_ADDR */
	uint8_t ip[16];
	unsigned int len; /* bits */
};

/* ------------------------------------------------------------------- reading */

static bool read_prefix(const char *text, struct prefix_text *prefix)
{
	char address[INET6_ADDRSTRLEN], *end;
	size_t len = strcspn(text, "/");
	unsigned long bits, most;

	if (len >= sizeof(address) || text[len] != '/' ||
	    strspn(text + len + 1, "0123456789") == 0)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	memset(prefix, 0, sizeof(*prefix));
	if (inet_pton(AF_INET, address, prefix->ip) == 1)
		prefix->type = GIKEV2_ID_IPV4_ADDR;
	else if (inet_pton(AF_INET6, address, prefix->ip) == 1)
		prefix->type = GIKEV2_ID_IPV6_ADDR;
	else
		return false;
	most = prefix->type == GIKEV2_ID_IPV4_ADDR ? 32 : 128;
	bits = strtoul(text + len + 1, &end, 10);
	prefix->len = (unsigned int)bits;
	return !*end && bits <= most;
}

/* "*.example.net", "*@example.net"; "*" alone is all of a kind. */
static bool is_suffix(const char *value, char separator)
{
	return value[0] == '*' &&
	       (!value[1] || (value[1] == separator && value[2])) &&
	       !strchr(value + 1, '*');
}

/* A name is compared as such, whatever way its octets are written in. */
bool mrkm_pattern_is(const char *type, const char *value)
{
	if (!strcmp(type, "dn"))
		return true;
	if (!strcmp(type, "address"))
		return strchr(value, '/') != NULL;
	return (!strcmp(type, "fqdn") || !strcmp(type, "email")) &&
	       strchr(value, '*');
}

static uint8_t read_type(const char *type, const char *value)
{
	struct prefix_text prefix;

	if (!strcmp(type, "fqdn"))
		return is_suffix(value, '.') ? GIKEV2_ID_FQDN : 0;
	if (!strcmp(type, "email"))
		return is_suffix(value, '@') ? GIKEV2_ID_RFC822_ADDR : 0;
	if (!strcmp(type, "address"))
		return read_prefix(value, &prefix) ? prefix.type : 0;
	return gikev2_dn_literal(value) >= 0 ? GIKEV2_ID_DER_ASN1_DN : 0;
}

bool mrkm_pattern_read(const char *type, const char *value,
		       struct gikev2_id *pattern)
{
	size_t len = strlen(value);

	memset(pattern, 0, sizeof(*pattern));
	if (!len || len > GIKEV2_ID_MAX)
		return false;
	pattern->type = read_type(type, value);
	pattern->len = (uint8_t)len;
	memcpy(pattern->data, value, len);
	return pattern->type != GIKEV2_ID_NONE;
}

/* ------------------------------------------------------------------ matching */

static const char *text_of(const struct gikev2_id *pattern,
			   char buf[GIKEV2_ID_MAX + 1])
{
	memcpy(buf, pattern->data, pattern->len);
	buf[pattern->len] = '\0';
	return buf;
}

/* Who has a key for a pattern calls itself what it likes: a name, at least. */
static bool is_printable(const struct gikev2_id *id)
{
	for (size_t i = 0; i < id->len; i++)
		if (id->data[i] < '!' || id->data[i] > '~')
			return false;
	return true;
}

/* Something has to be in the asterisk's place. */
static bool match_suffix(const struct gikev2_id *pattern,
			 const struct gikev2_id *id)
{
	size_t len = pattern->len - 1;

	return id->len > len && is_printable(id) &&
	       !strncasecmp((const char *)id->data + id->len - len,
			    (const char *)pattern->data + 1, len);
}

static bool match_prefix(const char *text, const struct gikev2_id *id)
{
	struct prefix_text prefix;
	size_t octets;
	uint8_t mask;

	if (!read_prefix(text, &prefix) ||
	    id->len != (prefix.type == GIKEV2_ID_IPV4_ADDR ? 4 : 16))
		return false;
	octets = prefix.len / 8;
	mask = (uint8_t)(0xff00 >> prefix.len % 8);
	if (memcmp(prefix.ip, id->data, octets))
		return false;
	return octets == id->len ||
	       !((prefix.ip[octets] ^ id->data[octets]) & mask);
}

bool mrkm_pattern_match(const struct gikev2_id *pattern,
			const struct gikev2_id *id)
{
	char text[GIKEV2_ID_MAX + 1];

	if (pattern->type != id->type)
		return false;
	switch (pattern->type) {
	case GIKEV2_ID_FQDN:
	case GIKEV2_ID_RFC822_ADDR:
		return match_suffix(pattern, id);
	case GIKEV2_ID_IPV4_ADDR:
	case GIKEV2_ID_IPV6_ADDR:
		return match_prefix(text_of(pattern, text), id);
	case GIKEV2_ID_DER_ASN1_DN:
		return gikev2_dn_match(text_of(pattern, text), id);
	default:
		return false;
	}
}

int mrkm_pattern_rank(const struct gikev2_id *pattern)
{
	char text[GIKEV2_ID_MAX + 1];
	struct prefix_text prefix = { 0 };

	switch (pattern->type) {
	case GIKEV2_ID_IPV4_ADDR:
	case GIKEV2_ID_IPV6_ADDR:
		read_prefix(text_of(pattern, text), &prefix);
		return (int)prefix.len;
	case GIKEV2_ID_DER_ASN1_DN:
		/* nothing is more exact than a name without an asterisk */
		text_of(pattern, text);
		return strchr(text, '*') ? gikev2_dn_literal(text)
					 : GIKEV2_ID_MAX + 1;
	default:
		return pattern->len;
	}
}
