/** The bundler gathers style sheets into main.css. */
declare module '*.css' {}
