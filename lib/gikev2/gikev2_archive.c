// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Structures to octets and back.
 */
#include <stdlib.h>
#include <string.h>

#include "gikev2/gikev2_archive.h"

#define SIZE_MIN_ALLOC 1024

static void fail(struct gikev2_archive *archive, int err)
{
	if (!archive->err)
		archive->err = err;
}

void gikev2_archive_save(struct gikev2_archive *archive)
{
	gikev2_archive_wipe(archive);
	archive->loading = false;
	archive->err = 0;
	archive->len = archive->at = 0;
}

void gikev2_archive_load(struct gikev2_archive *archive, const uint8_t *in,
			 size_t len, int64_t shift)
{
	*archive = (struct gikev2_archive){
		.loading = true,
		.ptr = (uint8_t *)in,
		.len = len,
		.shift = shift,
	};
}

int gikev2_archive_end(struct gikev2_archive *archive)
{
	if (archive->loading && archive->at != archive->len)
		fail(archive, -GIKEV2_ERR_STATE);
	return archive->err;
}

void gikev2_archive_wipe(struct gikev2_archive *archive)
{
	if (!archive->loading && archive->ptr)
		explicit_bzero(archive->ptr, archive->len);
}

void gikev2_archive_free(struct gikev2_archive *archive)
{
	gikev2_archive_wipe(archive);
	if (!archive->loading)
		free(archive->ptr);
	*archive = (struct gikev2_archive){ 0 };
}

/* Room for more; what moves is wiped where it was. */
static bool grow(struct gikev2_archive *archive, size_t more)
{
	size_t size = archive->size ? archive->size : SIZE_MIN_ALLOC;
	uint8_t *ptr;

	if (archive->size - archive->len >= more)
		return true;
	while (size - archive->len < more)
		size *= 2;
	ptr = malloc(size);
	if (!ptr) {
		fail(archive, -GIKEV2_ERR_NO_MEMORY);
		return false;
	}
	if (archive->ptr) {
		memcpy(ptr, archive->ptr, archive->len);
		explicit_bzero(archive->ptr, archive->len);
	}
	free(archive->ptr);
	archive->ptr = ptr;
	archive->size = size;
	return true;
}

/* The next `len` octets to be written, or to be read; NULL: an error. */
static uint8_t *next(struct gikev2_archive *archive, size_t len)
{
	uint8_t *at;

	if (archive->err)
		return NULL;
	if (archive->loading) {
		if (archive->len - archive->at < len) {
			fail(archive, -GIKEV2_ERR_STATE);
			return NULL;
		}
		at = archive->ptr + archive->at;
		archive->at += len;
		return at;
	}
	if (!grow(archive, len))
		return NULL;
	at = archive->ptr + archive->len;
	archive->len += len;
	return at;
}

/* ------------------------------------------------------------------- basics */

static uint64_t get(const void *field, size_t size)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (size) {
	case 2:
		memcpy(&v16, field, size);
		return v16;
	case 4:
		memcpy(&v32, field, size);
		return v32;
	case 8:
		memcpy(&v64, field, size);
		return v64;
	default:
		return *(const uint8_t *)field;
	}
}

static void put(void *field, size_t size, uint64_t value)
{
	uint16_t v16 = value;
	uint32_t v32 = value;
	uint8_t v8 = value;

	switch (size) {
	case 2:
		memcpy(field, &v16, size);
		break;
	case 4:
		memcpy(field, &v32, size);
		break;
	case 8:
		memcpy(field, &value, size);
		break;
	default:
		memcpy(field, &v8, size);
		break;
	}
}

void gikev2_archive_int(struct gikev2_archive *archive, void *field,
			size_t size)
{
	uint8_t *at = next(archive, size);
	uint64_t value = 0;

	if (!at)
		return;
	if (archive->loading) {
		for (size_t i = 0; i < size; i++)
			value = value << 8 | at[i];
		put(field, size, value);
		return;
	}
	value = get(field, size);
	for (size_t i = size; i-- > 0; value >>= 8)
		at[i] = value;
}

uint8_t gikev2_archive_version(struct gikev2_archive *archive, uint8_t version)
{
	uint8_t found = version;

	GIKEV2_ARCHIVE_INT(archive, found);
	if (!archive->err && (!found || found > version))
		fail(archive, -GIKEV2_ERR_STATE_VERSION);
	return found;
}

/* An instant before the first one that there is becomes that. */
static uint64_t shifted(uint64_t instant, int64_t shift)
{
	if (shift < 0 && instant <= (uint64_t)-shift)
		return 1;
	return instant + shift;
}

void gikev2_archive_time(struct gikev2_archive *archive, uint64_t *instant)
{
	GIKEV2_ARCHIVE_INT(archive, *instant);
	if (archive->loading && !archive->err && *instant &&
	    *instant != GIKEV2_NEVER)
		*instant = shifted(*instant, archive->shift);
}

void gikev2_archive_octets(struct gikev2_archive *archive, void *octets,
			   size_t len)
{
	uint8_t *at = next(archive, len);

	if (at && archive->loading)
		memcpy(octets, at, len);
	else if (at)
		memcpy(at, octets, len);
}

void gikev2_archive_owned(struct gikev2_archive *archive,
			  struct gikev2_octets *octets)
{
	uint32_t len = octets->len;
	uint8_t *at;
	int ret;

	GIKEV2_ARCHIVE_INT(archive, len);
	at = next(archive, archive->err ? 0 : len);
	if (!at || !len)
		return;
	if (!archive->loading) {
		memcpy(at, octets->ptr, len);
		return;
	}
	ret = gikev2_octets_set(octets, at, len);
	if (ret < 0)
		fail(archive, ret);
}

void gikev2_archive_count(struct gikev2_archive *archive, size_t *count,
			  size_t max)
{
	uint32_t found = *count;

	GIKEV2_ARCHIVE_INT(archive, found);
	if (found > max)
		fail(archive, -GIKEV2_ERR_STATE);
	*count = archive->err ? 0 : found;
}

/* ---------------------------------------------------------------- structures */

void gikev2_archive_endpoint(struct gikev2_archive *archive,
			     struct gikev2_endpoint *endpoint)
{
	GIKEV2_ARCHIVE_INT(archive, endpoint->family);
	GIKEV2_ARCHIVE_INT(archive, endpoint->port);
	gikev2_archive_octets(archive, endpoint->ip, sizeof(endpoint->ip));
}

static void ipsec_fields(struct gikev2_archive *archive,
			 struct keytable_ipsec *ipsec)
{
	GIKEV2_ARCHIVE_INT(archive, ipsec->suite.encr);
	GIKEV2_ARCHIVE_INT(archive, ipsec->suite.encr_bits);
	GIKEV2_ARCHIVE_INT(archive, ipsec->suite.integ);
	GIKEV2_ARCHIVE_INT(archive, ipsec->wire);
	GIKEV2_ARCHIVE_INT(archive, ipsec->families);
	GIKEV2_ARCHIVE_INT(archive, ipsec->sn);
	GIKEV2_ARCHIVE_INT(archive, ipsec->sender_id_bits);
	GIKEV2_ARCHIVE_INT(archive, ipsec->sender_id_count);
	GIKEV2_ARCHIVE_INT(archive, ipsec->sender);
	if (ipsec->sender_id_count > KEYTABLE_SENDER_IDS_MAX) {
		fail(archive, -GIKEV2_ERR_STATE);
		return;
	}
	for (size_t i = 0; i < ipsec->sender_id_count; i++)
		GIKEV2_ARCHIVE_INT(archive, ipsec->sender_ids[i]);
}

void gikev2_archive_row(struct gikev2_archive *archive,
			struct keytable_row *row)
{
	GIKEV2_ARCHIVE_INT(archive, row->protocol);
	GIKEV2_ARCHIVE_INT(archive, row->direction);
	GIKEV2_ARCHIVE_INT(archive, row->algorithm);
	GIKEV2_ARCHIVE_INT(archive, row->id);
	gikev2_archive_time(archive, &row->accept_start);
	gikev2_archive_time(archive, &row->accept_end);
	gikev2_archive_time(archive, &row->send_start);
	gikev2_archive_time(archive, &row->send_end);
	ipsec_fields(archive, &row->ipsec);
	GIKEV2_ARCHIVE_INT(archive, row->key_len);
	if (row->key_len > sizeof(row->key))
		fail(archive, -GIKEV2_ERR_STATE);
	else
		gikev2_archive_octets(archive, row->key, row->key_len);
}

/* ---------------------------------------------------------------- algorithms */

void gikev2_archive_encr(struct gikev2_archive *archive,
			 const struct gikev2_encr **encr)
{
	uint16_t id = *encr ? (*encr)->id : 0;
	uint16_t bits = *encr ? (*encr)->key_bits : 0;

	GIKEV2_ARCHIVE_INT(archive, id);
	GIKEV2_ARCHIVE_INT(archive, bits);
	if (!archive->loading || archive->err)
		return;
	*encr = gikev2_encr_find(id, bits);
	if (!*encr)
		fail(archive, -GIKEV2_ERR_STATE);
}

/* 0: there is none, where there may be none. */
#define ALGORITHM(name, type, optional)                                        \
	void gikev2_archive_##name(struct gikev2_archive *archive,             \
				   const struct type **alg)                    \
	{                                                                      \
		uint16_t id = *alg ? (*alg)->id : 0;                           \
                                                                               \
		GIKEV2_ARCHIVE_INT(archive, id);                               \
		if (!archive->loading || archive->err)                         \
			return;                                                \
		*alg = gikev2_##name##_find(id);                               \
		if (!*alg && (id || !(optional)))                              \
			fail(archive, -GIKEV2_ERR_STATE);                      \
	}

ALGORITHM(integ, gikev2_integ, true)
ALGORITHM(prf, gikev2_prf_alg, false)
ALGORITHM(ke, gikev2_ke_alg, false)
ALGORITHM(kwa, gikev2_kwa, false)
