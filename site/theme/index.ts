/// <reference types="vite/client" />
/** The default theme with the fonts of the system and the colours of the pictures. */
import Theme from "vitepress/theme-without-fonts"
import "./style.css"

export default Theme
