// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wrapping of keys on the key channel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "mrkm/mrkm_wrap.h"

/* The file: these octets, the boot number in network octet order, the key. */
static const uint8_t file_magic[8] = "MRKMwrp1";
#define FILE_LEN (sizeof(file_magic) + 8 + MRKM_WRAP_KEY_LEN)

/* What is wrapped: a digest of the row's identity, then its key. */
#define PLAIN_MAX (MRKM_DIGEST_LEN + KEYTABLE_KEY_MAX)

int mrkm_wrap_key_draw(struct mrkm_wrap_key *key)
{
	uint8_t boot[8];

	if (RAND_bytes(boot, sizeof(boot)) != 1 ||
	    RAND_priv_bytes(key->octets, sizeof(key->octets)) != 1)
		return -MRKM_ERR_CRYPTO;
	memcpy(&key->boot, boot, sizeof(boot));
	key->boot |= 1; /* 0 is nobody's */
	return 0;
}

void mrkm_wrap_key_wipe(struct mrkm_wrap_key *key)
{
	OPENSSL_cleanse(key, sizeof(*key));
}

/* ---------------------------------------------------------------- the file */

static void file_put(const struct mrkm_wrap_key *key, uint8_t out[FILE_LEN])
{
	memcpy(out, file_magic, sizeof(file_magic));
	for (int i = 0; i < 8; i++)
		out[8 + i] = key->boot >> (56 - 8 * i);
	memcpy(out + 16, key->octets, sizeof(key->octets));
}

static bool file_get(struct mrkm_wrap_key *key, const uint8_t in[FILE_LEN])
{
	key->boot = 0;
	for (int i = 0; i < 8; i++)
		key->boot = key->boot << 8 | in[8 + i];
	memcpy(key->octets, in + 16, sizeof(key->octets));
	return key->boot && memcmp(in, file_magic, sizeof(file_magic)) == 0;
}

static bool write_file(int fd, const struct mrkm_wrap_key *key)
{
	uint8_t octets[FILE_LEN];
	bool ok;

	file_put(key, octets);
	ok = fchmod(fd, 0600) == 0 &&
	     write(fd, octets, sizeof(octets)) == (ssize_t)sizeof(octets);
	OPENSSL_cleanse(octets, sizeof(octets));
	return ok;
}

int mrkm_wrap_key_store(const struct mrkm_wrap_key *key, const char *path)
{
	char temporary[512];
	bool ok;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    (int)sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return -MRKM_ERR_FILE;
	}
	/* What an interrupted start left behind is of no use to anyone. */
	if (unlink(temporary) < 0 && errno != ENOENT)
		return -MRKM_ERR_FILE;
	fd = open(temporary,
		  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -MRKM_ERR_FILE;
	ok = write_file(fd, key);
	ok = close(fd) == 0 && ok && rename(temporary, path) == 0;
	if (!ok) {
		int saved = errno;

		unlink(temporary);
		errno = saved;
		return -MRKM_ERR_FILE;
	}
	return 0;
}

static bool file_private(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_uid == geteuid() || st.st_uid == 0) &&
	       !(st.st_mode & (S_IRWXG | S_IRWXO)) && st.st_size == FILE_LEN;
}

int mrkm_wrap_key_load(struct mrkm_wrap_key *key, const char *path)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	uint8_t octets[FILE_LEN];
	bool ok;

	if (fd < 0)
		return -MRKM_ERR_NO_WRAP_KEY;
	ok = file_private(fd) &&
	     read(fd, octets, sizeof(octets)) == (ssize_t)sizeof(octets) &&
	     file_get(key, octets);
	OPENSSL_cleanse(octets, sizeof(octets));
	close(fd);
	if (!ok)
		mrkm_wrap_key_wipe(key);
	return ok ? 0 : -MRKM_ERR_NO_WRAP_KEY;
}

/* ------------------------------------------------------------ wrapping keys */

static int row_digest(const struct mrkm_msg *msg,
		      const struct mrkm_msg_row *row,
		      uint8_t digest[MRKM_DIGEST_LEN])
{
	uint8_t identity[MRKM_IDENTITY_MAX];
	int len = mrkm_msg_row_identity(msg, row, identity, sizeof(identity));
	size_t size;

	if (len < 0)
		return len;
	/*
	 * libfrr exports functions of OpenSSL's names for SHA-256, which return
	 * nothing, and in a routing daemon they are found before OpenSSL's own.
	 */
	if (!EVP_Q_digest(NULL, "SHA512-256", NULL, identity, len, digest,
			  &size))
		return -MRKM_ERR_CRYPTO;
	return 0;
}

/*
 * One pass of RFC 5649 over `in`; `out` has room for MRKM_WRAPPED_MAX octets.
 * Their number, or -1.
 */
static int key_wrap(const struct mrkm_wrap_key *key, const uint8_t *in,
		    size_t len, uint8_t *out, bool wrap)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int size = 0;

	if (!ctx)
		return -1;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (!EVP_CipherInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, key->octets,
			       NULL, wrap) ||
	    !EVP_CipherUpdate(ctx, out, &size, in, len))
		size = -1;
	EVP_CIPHER_CTX_free(ctx);
	return size;
}

int mrkm_wrap_row(const struct mrkm_wrap_key *key, const struct mrkm_msg *msg,
		  const struct keytable_row *row, struct mrkm_msg_row *out)
{
	uint8_t plain[PLAIN_MAX];
	int err, len;

	if (!row->key_len || row->key_len > sizeof(row->key))
		return -MRKM_ERR_BAD_KEY;
	*out = (struct mrkm_msg_row){
		.id = row->id,
		.algorithm = row->algorithm,
		.direction = row->direction,
		.accept_start = row->accept_start,
		.accept_end = row->accept_end,
		.send_start = row->send_start,
		.send_end = row->send_end,
		.ipsec = row->ipsec,
	};
	err = row_digest(msg, out, plain);
	if (err)
		return err;
	memcpy(plain + MRKM_DIGEST_LEN, row->key, row->key_len);
	len = key_wrap(key, plain, MRKM_DIGEST_LEN + row->key_len, out->wrapped,
		       true);
	OPENSSL_cleanse(plain, sizeof(plain));
	if (len <= 0)
		return -MRKM_ERR_CRYPTO;
	out->wrapped_len = len;
	return 0;
}

int mrkm_unwrap_row(const struct mrkm_wrap_key *key, const struct mrkm_msg *msg,
		    const struct mrkm_msg_row *in, struct keytable_row *row)
{
	uint8_t plain[MRKM_WRAPPED_MAX], digest[MRKM_DIGEST_LEN];
	int err, len;

	memset(row, 0, sizeof(*row));
	if (msg->boot != key->boot)
		return -MRKM_ERR_NO_WRAP_KEY;
	err = row_digest(msg, in, digest);
	if (err)
		return err;
	len = key_wrap(key, in->wrapped, in->wrapped_len, plain, false);
	if (len <= MRKM_DIGEST_LEN || len > PLAIN_MAX ||
	    CRYPTO_memcmp(plain, digest, sizeof(digest)) != 0) {
		OPENSSL_cleanse(plain, sizeof(plain));
		return -MRKM_ERR_UNWRAP;
	}
	*row = (struct keytable_row){
		.protocol = msg->protocol,
		.direction = in->direction,
		.algorithm = in->algorithm,
		.id = in->id,
		.accept_start = in->accept_start,
		.accept_end = in->accept_end,
		.send_start = in->send_start,
		.send_end = in->send_end,
		.ipsec = in->ipsec,
		.key_len = len - MRKM_DIGEST_LEN,
	};
	memcpy(row->key, plain + MRKM_DIGEST_LEN, row->key_len);
	OPENSSL_cleanse(plain, sizeof(plain));
	return 0;
}
