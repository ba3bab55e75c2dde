// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identities and addresses, as the configuration writes them.
 */
#include <zebra.h>

#include "gikev2/gikev2_cert.h"

#include "mrkmd/mrkm_config.h"

static const struct {
	const char *name;
	uint8_t type;
} id_types[] = {
	{ "fqdn", GIKEV2_ID_FQDN },	    { "email", GIKEV2_ID_RFC822_ADDR },
	{ "address", GIKEV2_ID_IPV4_ADDR }, { "address", GIKEV2_ID_IPV6_ADDR },
	{ "key-id", GIKEV2_ID_KEY_ID },
};

bool mrkm_address_read(const char *text, struct gikev2_endpoint *endpoint)
{
	memset(endpoint, 0, sizeof(*endpoint));
	if (inet_pton(AF_INET, text, endpoint->ip) == 1)
		endpoint->family = 4;
	else if (inet_pton(AF_INET6, text, endpoint->ip) == 1)
		endpoint->family = 6;
	return endpoint->family != 0;
}

const char *mrkm_address_text(const struct gikev2_endpoint *endpoint, char *buf,
			      size_t size)
{
	if (!endpoint->family ||
	    !inet_ntop(endpoint->family == 6 ? AF_INET6 : AF_INET, endpoint->ip,
		       buf, size))
		strlcpy(buf, "none", size);
	return buf;
}

bool mrkm_identity_read(const char *type, const char *value,
			struct gikev2_id *id)
{
	struct gikev2_endpoint address;
	size_t len = strlen(value);

	memset(id, 0, sizeof(*id));
	if (!strcmp(type, "address")) {
		if (!mrkm_address_read(value, &address))
			return false;
		id->type = address.family == 4 ? GIKEV2_ID_IPV4_ADDR
					       : GIKEV2_ID_IPV6_ADDR;
		id->len = address.family == 4 ? 4 : 16;
		memcpy(id->data, address.ip, id->len);
		return true;
	}
	if (!strcmp(type, "dn"))
		return gikev2_dn_parse(value, id) == 0;
	if (!len || len > GIKEV2_ID_MAX)
		return false;
	if (!strcmp(type, "email") && !strchr(value, '@'))
		return false;
	for (size_t i = 0; i < array_size(id_types); i++)
		if (!strcmp(type, id_types[i].name))
			id->type = id_types[i].type;
	id->len = len;
	memcpy(id->data, value, len);
	return id->type != GIKEV2_ID_NONE;
}

bool mrkm_identity_write(const struct gikev2_id *id, const char **type,
			 char *value, size_t size)
{
	bool v4 = id->type == GIKEV2_ID_IPV4_ADDR && id->len == 4;
	bool v6 = id->type == GIKEV2_ID_IPV6_ADDR && id->len == 16;

	*type = NULL;
	for (size_t i = 0; i < array_size(id_types); i++)
		if (id->type == id_types[i].type)
			*type = id_types[i].name;
	if (v4 || v6)
		return inet_ntop(v4 ? AF_INET : AF_INET6, id->data, value,
				 size) != NULL;
	if (!*type || !strcmp(*type, "address") || id->len >= size ||
	    memchr(id->data, 0, id->len))
		return false;
	memcpy(value, id->data, id->len);
	value[id->len] = '\0';
	return true;
}

void mrkm_identity_copy(struct gikev2_id *to, const struct gikev2_id *from)
{
	memset(to, 0, sizeof(*to));
	to->type = from->type;
	to->len = from->len;
	memcpy(to->data, from->data, from->len);
}
