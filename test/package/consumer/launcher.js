// The main module of a program whose application is another module.
await import(new URL(process.argv[2] ?? "", import.meta.url).href)
