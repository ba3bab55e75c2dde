// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose memory is it?  The linker sends every malloc() of the engine here
 * (--wrap), and OpenSSL its own; each block remembers who asked for it.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* As large as malloc() aligns. */
struct block {
	struct sim_account *account; /* NULL: nobody's */
	size_t size;
};

_Static_assert(sizeof(struct block) % _Alignof(max_align_t) == 0,
	       "what follows has to be aligned");

static _Thread_local struct sim_account *current;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *octets, size_t size);
void __real_free(void *octets);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *octets, size_t size);
void __wrap_free(void *octets);

struct sim_account *sim_memory_of(struct sim_account *account)
{
	struct sim_account *before = current;

	current = account;
	return before;
}

static void count_in(struct block *block, struct sim_account *account,
		     size_t size)
{
	block->account = account;
	block->size = size;
	if (!account)
		return;
	account->blocks++;
	account->octets += size;
	if (account->octets > account->peak)
		account->peak = account->octets;
}

static void count_out(const struct block *block)
{
	if (!block->account)
		return;
	block->account->blocks--;
	block->account->octets -= block->size;
}

void *__wrap_malloc(size_t size)
{
	struct block *block = __real_malloc(sizeof(*block) + size);

	if (!block)
		return NULL;
	count_in(block, current, size);
	return block + 1;
}

void *__wrap_calloc(size_t count, size_t size)
{
	struct block *block;

	if (size && count > SIZE_MAX / 2 / size)
		return NULL;
	/* an engine is large, and most of it stays as the kernel gave it */
	block = __real_calloc(1, sizeof(*block) + count * size);
	if (!block)
		return NULL;
	count_in(block, current, count * size);
	return block + 1;
}

/* A block stays with whoever asked for it first. */
void *__wrap_realloc(void *octets, size_t size)
{
	struct sim_account *account;
	struct block *block;

	if (!octets)
		return __wrap_malloc(size);
	block = (struct block *)octets - 1;
	account = block->account;
	count_out(block);
	block = __real_realloc(block, sizeof(*block) + size);
	if (!block)
		return NULL;
	count_in(block, account, size);
	return block + 1;
}

void __wrap_free(void *octets)
{
	struct block *block;

	if (!octets)
		return;
	block = (struct block *)octets - 1;
	count_out(block);
	__real_free(block);
}

static void *openssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return __wrap_malloc(size);
}

static void *openssl_realloc(void *octets, size_t size, const char *file,
			     int line)
{
	(void)file;
	(void)line;
	return __wrap_realloc(octets, size);
}

static void openssl_free(void *octets, const char *file, int line)
{
	(void)file;
	(void)line;
	__wrap_free(octets);
}

void sim_memory_init(void)
{
	if (!CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc,
				      openssl_free))
		abort();
}
